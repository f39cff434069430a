"""Tables of the network: registers, places, trees, population, institutions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """The five levels 省市县乡村."""

    PROVINCE = 1, _("Province")
    CITY = 2, _("City")
    COUNTY = 3, _("County")
    TOWN = 4, _("Town")
    VILLAGE = 5, _("Village")


class Register(models.Model):
    """An official list of places with a cut-off date, such as the civil-affairs register.

    A rate is meaningless without the register its denominator comes from.
    """

    code = models.CharField(primary_key=True, max_length=20, help_text="nbs, mca")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    as_of = models.DateField(help_text="cut-off date of the list")
    deepest_level = models.PositiveSmallIntegerField(choices=Level)
    source = models.TextField(help_text="origin and licence")


class Place(models.Model):
    """An administrative or statistical unit, once for all registers that list it.

    A place stays the same when its code, name or kind changes (祁阳县 became 祁阳市): those are new
    listings. It ends when its ground goes to another place (港闸区 to 崇川区): a ``Succession``.
    ``code`` and ``name`` are the latest ones of the register it was first loaded from; another
    register may list the place under another code, and the same nine digits may mean two towns.
    """

    origin = models.ForeignKey(Register, models.PROTECT, related_name="+")
    code = models.CharField(
        max_length=12, help_text="GB/T 2260 at its level: 2, 4, 6, 9, 12 digits"
    )
    level = models.PositiveSmallIntegerField(choices=Level)
    name = models.CharField(max_length=80, help_text="in Chinese, without a register's marks")
    name_pinyin = models.CharField(max_length=200, blank=True, help_text="Sheyang Xian")
    search_text = models.CharField(
        max_length=320, blank=True, help_text="name, joined pinyin and its initials, lower case"
    )
    kind = models.CharField(
        max_length=20, blank=True, help_text="区 县 县级市 功能区 街道 镇 乡 村 社区 …"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="first day it no longer exists")
    lon = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    lat = models.DecimalField(max_digits=8, decimal_places=5, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="place_code_once", fields=["origin", "code"]),
            models.CheckConstraint(
                name="place_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]
        indexes = [
            models.Index(fields=["level", "code"]),
            models.Index(fields=["code"]),
            models.Index(fields=["name"]),
        ]


class Listing(models.Model):
    """A place as one register lists it: code, name, parent and the days for which that holds."""

    register = models.ForeignKey(Register, models.PROTECT, db_index=False)
    place = models.ForeignKey(Place, models.PROTECT, related_name="listings")
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80, help_text="as the register writes it on those days")
    parent = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+", db_index=False)
    is_marked_dissolved = models.BooleanField(
        default=False, help_text="listed, and counted, with the mark （撤销）"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="listing_code_once_a_day", fields=["code", "register", "valid_from"]
            ),
            models.CheckConstraint(
                name="listing_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]
        indexes = [models.Index(fields=["parent", "register"])]


class Closure(models.Model):
    """Every ancestor of every place in one register's tree, itself included (depth 0).

    ``carried``: the descendant (or a place it lay in) has ended and its ground now lies in the
    ancestor. Carried rows let what was recorded on an ended place count for its successor; counts
    of places leave them out.
    """

    register = models.ForeignKey(Register, models.PROTECT, db_index=False)
    ancestor = models.ForeignKey(Place, models.PROTECT, related_name="below", db_index=False)
    descendant = models.ForeignKey(Place, models.PROTECT, related_name="above", db_index=False)
    depth = models.PositiveSmallIntegerField(help_text="steps up the tree; 0 is the place itself")
    carried = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            # No index starts with the register: SQLite would scan a whole tree for each place.
            models.UniqueConstraint(
                name="closure_once", fields=["descendant", "ancestor", "register", "valid_from"]
            ),
        ]
        indexes = [models.Index(fields=["ancestor", "descendant"])]


class PlaceChange(models.Model):
    """An official change event, as the source has it: founded, dissolved, renamed, recoded."""

    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, help_text="as the source writes it: 新设 撤销 更名 …")
    level = models.PositiveSmallIntegerField(choices=Level)
    old_code = models.CharField(max_length=12, blank=True)
    old_name = models.CharField(max_length=80, blank=True)
    new_code = models.CharField(max_length=12, blank=True)
    new_name = models.CharField(max_length=80, blank=True)
    document = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="place_change_once",
                fields=["year", "kind", "old_code", "old_name", "new_code", "new_name"],
            ),
        ]
        indexes = [models.Index(fields=["old_code"]), models.Index(fields=["new_code"])]


class Succession(models.Model):
    """The ground of a place that ended went to another one, whole, on a day."""

    predecessor = models.OneToOneField(Place, models.PROTECT, related_name="succession")
    successor = models.ForeignKey(Place, models.PROTECT, related_name="predecessors")
    change = models.ForeignKey(PlaceChange, models.PROTECT, related_name="+")
    day = models.DateField(help_text="first day the ground lies in the successor")


class PopulationCell(models.Model):
    """Residents by sex and age band at a census. ``residents`` counts persons.

    Cells divide the population: everybody is in exactly one. The cells of a city are its remainder,
    the residents that the census counts in the city and in no county row. So the residents of any
    place are the sum over the place and all below it, and nothing is counted twice.
    """

    place = models.ForeignKey(Place, models.PROTECT)
    census = models.PositiveSmallIntegerField(help_text="year of the census: 2020")
    sex = models.CharField(max_length=1, help_text="GB/T 2261.1: 1 male, 2 female")
    age_from = models.PositiveSmallIntegerField()
    age_to = models.PositiveSmallIntegerField(
        null=True, help_text="last age of the band; null: open"
    )
    is_remainder = models.BooleanField(default=False)
    residents = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="population_cell_once", fields=["place", "census", "sex", "age_from"]
            ),
        ]


class Settlement(models.Model):
    """Residents of towns and of the countryside at a census; divides the population as cells do."""

    place = models.ForeignKey(Place, models.PROTECT)
    census = models.PositiveSmallIntegerField()
    is_remainder = models.BooleanField(default=False)
    urban_residents = models.PositiveIntegerField()
    rural_residents = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="settlement_once", fields=["place", "census"]),
        ]


class LoadedStep(models.Model):
    """A step of loading that is finished, written in the transaction that finished it."""

    name = models.CharField(primary_key=True, max_length=60)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the files that were read")
    rows = models.PositiveIntegerField()
    loaded_at = models.DateTimeField()


class InstitutionKind(models.TextChoices):
    """What an institution is, by level of the community education network."""

    OPEN_UNIVERSITY = "open_university", _("Open university or college")
    COMMUNITY_COLLEGE = "community_college", _("County community college")
    TOWN_CENTRE = "town_centre", _("Town community education centre")
    VILLAGE_SCHOOL = "village_school", _("Village residents' school")
    ELDER_UNIVERSITY = "elder_university", _("University of the third age")
    PROVIDER = "provider", _("Course provider")
    ENTERPRISE = "enterprise", _("Enterprise")


class Institution(models.Model):
    """A body that teaches, recognises or issues. ``is_sample`` marks made-up ones (示例)."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=30, choices=InstitutionKind)
    serves_elders = models.BooleanField(default=False, help_text="counts as 老年教育机构")
    is_sample = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(
        auto_now=True, help_text="for audit and the lake's extraction"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="institution_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]
        indexes = [models.Index(fields=["kind"]), models.Index(fields=["updated_at"])]


class Seat(models.Model):
    """Where an institution sits in one register's tree.

    Kept by register because the registers cut the same ground differently: a centre may belong to a
    town of the civil-affairs register and to a development zone of the statistical one.
    """

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="seats")
    register = models.ForeignKey(Register, models.PROTECT, db_index=False)
    place = models.ForeignKey(Place, models.PROTECT, related_name="seats")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="seat_once", fields=["institution", "register", "valid_from"]
            ),
            models.CheckConstraint(
                name="seat_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]


class Boundary(models.Model):
    """The outline of a place, as GeoJSON geometry, for maps of one level below ``parent``."""

    place = models.OneToOneField(Place, models.PROTECT, related_name="boundary")
    geometry = models.JSONField()
    approval = models.CharField(max_length=60, blank=True, help_text="审图号, empty in the sample")
