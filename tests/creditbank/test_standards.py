import json
import shutil
from datetime import date

import pytest

from xueqiao.creditbank import standards
from xueqiao.creditbank.models import (
    Level,
    Programme,
    QualificationFramework,
    RuleTable,
    RuleVersion,
    Standard,
    TransferAgreement,
    Unit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(standards.SAMPLE, tmp_path / "standards")


def edit(folder, name, change):
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_the_sample_holds_ten_levels_seven_modules_and_their_rules():
    count = standards.load()
    assert count.seen == count.new
    assert list(Level.objects.order_by("number").values_list("number", flat=True)) == [
        *range(1, 11)
    ]
    modules = Unit.objects.exclude(module_code="").order_by("module_code")
    assert list(modules.values_list("module_code", "credit_hundredths")) == [
        ("AAA", 6000), ("BBB", 6000), ("CCC", 3000), ("DDD", 6000),
        ("EEE", 3000), ("EVENING-CARE", 200), ("FFF", 6000), ("GGG", 3000),
    ]  # fmt: skip
    assert RuleVersion.objects.filter(state="published").count() == 7


def test_every_row_names_its_source():
    standards.load()
    rows = (QualificationFramework, Level, Standard, Unit, RuleTable, Programme, TransferAgreement)
    for model in (*rows, RuleVersion):
        assert model.objects.exists()
        assert not model.objects.filter(source="").exists()
    made_up = RuleTable.objects.filter(is_sample=True)
    assert made_up.count() == RuleTable.objects.count()
    assert all("sample" in row.source or "示例" in row.source for row in made_up)


def test_a_second_load_adds_nothing():
    first, second = standards.load(), standards.load()
    assert (second.seen, second.new) == (first.seen, 0)


def test_a_changed_version_is_refused_and_nothing_is_written(folder):
    standards.load()

    def cheaper(content):
        content["standards"][0]["units"][0]["credit_hundredths"] = 1
        content["standards"].append({**content["standards"][1], "code": "NEW", "units": []})

    edit(folder, "standards.json", cheaper)
    with pytest.raises(standards.VersionChanged, match="credit_hundredths"):
        standards.load(folder=folder)
    assert not Standard.objects.filter(code="NEW").exists()


def test_a_number_without_a_source_is_refused(folder):
    edit(folder, "rules.json", lambda content: content["rules"][0].update(source=""))
    with pytest.raises(standards.NoSource, match="hours_per_credit"):
        standards.load(folder=folder)
    assert not RuleTable.objects.exists()


@pytest.mark.parametrize("damage", ["{", "[]", '{"rules": [{"code": "x"}]}', None])
def test_a_damaged_file_is_refused_in_one_sentence(folder, damage):
    path = folder / "rules.json"
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises((standards.FileDamaged, standards.NoSource)):
        standards.load(folder=folder)
    assert not Level.objects.exists()


def test_the_version_in_force_on_a_day_decides():
    standards.load()
    first = RuleTable.objects.get(code="prior.notice")
    facts = {
        "code": "prior.notice",
        "title_zh": "x",
        "title_en": "x",
        "is_sample": True,
        "source": "x",
    }
    later = RuleTable.objects.create(
        **facts, version="2027", value={"working_days": 7}, valid_from=date(2027, 1, 1)
    )
    assert standards.rule("prior.notice", date(2026, 12, 31)) == first
    assert standards.rule("prior.notice", date(2027, 1, 1)) == later
    with pytest.raises(standards.NoRule):
        standards.rule("prior.notice", date(2009, 12, 31))


def test_only_units_without_a_module_are_open_to_prior_learning():
    standards.load()
    codes = {unit.code for unit in standards.claimable(date(2026, 9, 1))}
    assert codes == {
        "SAMPLE-ELDERCARE-U1", "SAMPLE-ELDERCARE-U2", "SAMPLE-ELDERCARE-U3", "SAMPLE-FARM-U1",
        "SAMPLE-FARM-U2", "SAMPLE-X-ELDERCARE-M", "SAMPLE-1X-ELDERCARE-M",
    }  # fmt: skip
