"""The demo's steps, on a small province: made once, however often they are run or stopped."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from tests.creditbank import factories
from xueqiao.creditbank import audit, completions, demo, recognition, standards
from xueqiao.creditbank.models import Application, ApplicationStep, Conversion, CreditLot, Transfer
from xueqiao.kernel import errors, ids
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def province(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    standards.load()
    factories.institution()
    where = factories.places()
    people = {
        "learner": factories.person("王秀英", where.county),
        "helper": factories.helper(where.county),
        "assessor": factories.assessor(where.province),
        "province": factories.provincial(where.province),
    }
    for name, who in people.items():
        Person.objects.filter(pk=who.pk).update(key=ids.stable_uuid("demo", name))
    learner = factories.person("学员 11391", where.county)
    Person.objects.filter(pk=learner.pk).update(key=ids.stable_uuid("oulad", "11391"))
    entry = factories.completed(learner, 1, credits=24000, at=datetime(2014, 6, 30, tzinfo=UTC))
    completions.recognise(entries=[entry], now=factories.AT)
    return where


def walk():
    call_command("demo_recognition")
    call_command("demo_conversion")


def test_the_demos_people_walk_one_case_and_one_conversion(province):
    walk()
    states = Application.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["posted", "submitted"]
    actors = ApplicationStep.objects.filter(application__state="posted").order_by("number")
    names = list(dict.fromkeys(actors.values_list("actor__name", flat=True)))
    assert names == ["王秀英", "受理员", "评估员", "管理中心"]
    lots = CreditLot.objects.order_by("pk").values_list("source_kind", "amount_hundredths")
    assert list(lots) == [
        ("formal", 24000), ("prior", 200), ("prior", 250), ("prior", 100), ("converted", 4000),
    ]  # fmt: skip
    assert Conversion.objects.get().state == "approved"
    assert CreditLot.objects.filter(valid_to__lte=date(2030, 1, 1)).count() == 0
    assert list(audit.recompute()) == []


def test_a_second_run_adds_nothing(province):
    walk()
    before = (Transfer.objects.count(), ApplicationStep.objects.count(), CreditLot.objects.count())
    walk()
    after = (Transfer.objects.count(), ApplicationStep.objects.count(), CreditLot.objects.count())
    assert after == before


@pytest.mark.parametrize("step", ["submit", "accept", "assess", "propose", "decide"])
def test_a_demo_stopped_before_any_step_goes_on_there(province, monkeypatch, step):
    def stopped(**_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(recognition, step, stopped)
        with pytest.raises(KeyboardInterrupt):
            demo.recognise_prior_learning()
    assert demo.recognise_prior_learning().state == "posted"
    assert CreditLot.objects.filter(source_kind="prior").count() == 3


def test_without_its_forerunners_a_step_says_what_to_do():
    with pytest.raises(errors.Refusal) as refused:
        demo.recognise_prior_learning()
    assert refused.value.code == "people.person_unknown"
