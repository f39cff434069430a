"""OneRoster packages laid into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from xueqiao.intake import drops
from xueqiao.intake.folder import Folder, below_drops, check
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.intake.oneroster import loading
from xueqiao.kernel import ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    said = {name: config.get(name) for name in ("site", "people_by")}
    return drops.each_file(
        Folder(below_drops(str(config["folder"])), endings=(".zip",)),
        version=ids.digest(said),
        read=lambda found: loading.portions(found, config, watermark),
        watermark=watermark,
    )


KIND = Kind(
    "oneroster",
    gettext_lazy("OneRoster 1.2, packages in a folder"),
    (
        Setting(
            "folder", gettext_lazy("Name of the folder"),
            help=gettext_lazy("Below the folder XUEQIAO_DROPS, such as school-3."),
        ),
        Setting(
            "site", gettext_lazy("Address of the platform"), "url",
            help=gettext_lazy("The home page of its accounts: https://school.example"),
        ),
        Setting(
            "people_by", gettext_lazy("Learners are known by"), "choice",
            choices=(
                ("sourcedId", "sourcedId"), ("username", "username"),
                ("identifier", "identifier"), ("userMasterIdentifier", "userMasterIdentifier"),
            ),
        ),
        Setting(
            "most_leaving_percent", gettext_lazy("At most so many per cent may leave"), "number",
            required=False,
            help=gettext_lazy("A package from which more would leave is refused as cut short; 50."),
        ),
    ),
    pull,
    help=gettext_lazy("Takes in rosters of schools: people, classes and enrolments."),
    check=check,
)  # fmt: skip
