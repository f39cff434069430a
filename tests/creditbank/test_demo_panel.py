"""The demo's case before a panel, on a small province: made once, however often it is run."""

import pytest
from django.core.management import call_command

from tests.creditbank import factories
from tests.creditbank.test_recognition import storage  # noqa: F401 - a fixture
from xueqiao.creditbank import demo_panel, standards
from xueqiao.creditbank.models import Application, CreditLot, Outcome, PanelVote
from xueqiao.kernel import ids
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db


def test_work_and_a_certificate_become_credit_before_a_panel(storage):  # noqa: F811
    standards.load()
    where = factories.places()
    people = {
        "learner-2": factories.person("顾玉兰", where.county),
        "helper": factories.helper(where.county),
        "county": factories.officer("县管理员", "county", where.county),
        "province": factories.provincial(where.province),
        **{name: factories.assessor(where.province) for name, *_seat in demo_panel.ROSTER},
    }
    for name, who in people.items():
        Person.objects.filter(pk=who.pk).update(key=ids.stable_uuid("demo", name))
    for _run in range(2):
        call_command("demo_panel")
    case = Application.objects.get()
    assert (case.state, case.needs_panel, case.panels.count()) == ("posted", True, 1)
    assert PanelVote.objects.filter(in_favour=True).count() == 5
    lots = CreditLot.objects.order_by("unit__code").values_list(
        "unit__code", "source_kind", "amount_hundredths"
    )
    assert list(lots) == [
        ("SAMPLE-ELDERCARE-U1", "prior", 200), ("SAMPLE-ELDERCARE-U2", "prior", 300),
        ("SAMPLE-ELDERCARE-U3", "prior", 100), ("SAMPLE-X-ELDERCARE-M", "certificate", 350),
    ]  # fmt: skip
    assert Outcome.objects.filter(kind="certificate").count() == 1
