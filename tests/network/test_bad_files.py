"""Damaged input: one clear sentence, and nothing written."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from tests.network import folders
from xueqiao.kernel import errors
from xueqiao.network.loading import files, places, steps
from xueqiao.network.models import Boundary, Listing, LoadedStep, Place, PopulationCell

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REGISTER, CENSUS = "divisions_cn_l1_l4.csv", "census2020_county.csv"


@pytest.fixture(autouse=True)
def _in_english():
    """The sentences are compared in English, whatever the default language."""
    with translation.override("en"):
        yield


@pytest.fixture
def folder(tmp_path):
    return folders.write(tmp_path)


def rewrite(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def cut(path, bytes_left):
    path.write_bytes(path.read_bytes()[:bytes_left])


def in_gb18030(path):
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))


REGISTER_FAULTS = [
    ("missing", lambda f: (f / REGISTER).unlink(), files.FileMissing, "divisions_cn_l1_l4.csv"),
    ("encoding", lambda f: in_gb18030(f / REGISTER), files.WrongEncoding, "line 2"),
    ("column", lambda f: rewrite(f / REGISTER, "parent", "above"), files.FileDamaged, "parent"),
    ("cells", lambda f: rewrite(f / REGISTER, "崇川区,3206", "崇川区"), files.FileDamaged,
     "line 4"),
    ("digits", lambda f: rewrite(f / REGISTER, "320671,3", "32067X,3"), files.FileDamaged,
     "32067X"),
    ("level", lambda f: rewrite(f / REGISTER, "320671,3", "320671,4"), files.FileDamaged,
     "320671"),
    ("no name", lambda f: rewrite(f / REGISTER, "和平桥街道", " "), files.FileDamaged, "320613002"),
    ("twice", lambda f: rewrite(f / REGISTER, "320613002,4", "320613001,4"), files.FileDamaged,
     "320613001"),
    ("parent", lambda f: rewrite(f / REGISTER, "崇川区,3206", "崇川区,3299"),
     files.PlaceCodeUnknown, "3299"),
    ("village", lambda f: rewrite(f / "divisions_js_l5.csv", ",320613001\n", ",320699999\n"),
     files.PlaceCodeUnknown, "320699999"),
    ("cut off", lambda f: rewrite(f / "divisions_js_l5.csv",
                                  "320671001001,5,中兴社区居委会,320671001\n", ""),
     files.FileDamaged, "320671001"),
    ("change", lambda f: rewrite(f / "division_changes_1980_2026.csv", "2020", "MMXX"),
     files.FileDamaged, "line 2"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "refusal", "says"), [fault[1:] for fault in REGISTER_FAULTS],
    ids=[fault[0] for fault in REGISTER_FAULTS],
)  # fmt: skip
def test_a_damaged_register_is_refused_whole(folder, spoil, refusal, says):
    spoil(folder)
    with pytest.raises(refusal) as why:
        places.load_places(folder=folder, at=NOW)
    assert says in str(why.value)
    assert (Place.objects.count(), Listing.objects.count(), LoadedStep.objects.count()) == (0, 0, 0)


LATER_FAULTS = [
    ("census code", lambda f: rewrite(f / CENSUS, "3,320611", "3,320699"), files.PlaceCodeUnknown,
     "320699", "census"),
    ("negative", lambda f: rewrite(f / CENSUS, "50,40,10", "50,-40,10"), files.FileDamaged, "-40",
     "census"),
    ("ages", lambda f: rewrite(f / CENSUS, "50,40,10", "51,40,10"), files.FileDamaged, "line 4",
     "census"),
    ("cities", lambda f: rewrite(f / CENSUS, "1,320000,100,60,40,5,5,10,10,30,40",
                                 "1,320000,101,60,40,5,5,10,10,30,41"),
     files.FileDamaged, "32", "census"),
    ("too many", lambda f: rewrite(f / CENSUS, "3,320613,50,40,10,2,3,5,5,15,20",
                                   "3,320613,90,80,10,2,3,5,5,15,60"),
     files.FileDamaged, "3206", "census"),
    ("census encoding", lambda f: (f / CENSUS).write_bytes(b"\xff\xfe" + b"0" * 10),
     files.WrongEncoding, "census2020_county.csv", "census"),
    ("half a map", lambda f: cut(f / "boundaries/js_county.geojson", 80), files.FileDamaged,
     "js_county.geojson", "outlines"),
    ("no geometry", lambda f: rewrite(f / "boundaries/js_city.geojson", "geometry", "shape"),
     files.FileDamaged, "js_city.geojson", "outlines"),
    ("map code", lambda f: rewrite(f / "boundaries/js_city.geojson", "320600", "329900"),
     files.PlaceCodeUnknown, "329900", "outlines"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "refusal", "says", "step"), [fault[1:] for fault in LATER_FAULTS],
    ids=[fault[0] for fault in LATER_FAULTS],
)  # fmt: skip
def test_a_damaged_census_or_map_leaves_its_step_undone(folder, spoil, refusal, says, step):
    spoil(folder)
    with pytest.raises(refusal) as why:
        places.load_places(folder=folder, at=NOW)
    assert says in str(why.value)
    assert not LoadedStep.objects.filter(name=step).exists()
    assert Boundary.objects.count() == 0
    assert PopulationCell.objects.exists() == (step == "outlines")


@pytest.mark.django_db
def test_another_file_for_a_loaded_register_is_refused(folder):
    places.load_places(folder=folder, at=NOW)
    rewrite(folder / REGISTER, "和平桥街道", "和平街道")
    with pytest.raises(steps.LoadedOtherwise):
        places.load_places(folder=folder, at=NOW)
    assert Place.objects.filter(name="和平街道").count() == 0


@pytest.mark.django_db
def test_a_byte_order_mark_does_no_harm(folder):
    path = folder / REGISTER
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    places.load_places(folder=folder, at=NOW)
    assert Place.objects.filter(level=1).get().name == "江苏省"


def test_every_refusal_has_its_own_code():
    own = [
        refusal
        for refusal in errors.REGISTRY.values()
        if refusal.__module__ in {files.__name__, steps.__name__}
    ]
    assert len(own) == 5
    assert all(code.startswith("network.") for code in (refusal.code for refusal in own))
