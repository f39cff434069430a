"""A contract is proposed by one person and answered by another; from then on the lake knows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.creditbank.factories import person
from tests.records import factories
from xueqiao.governance import contracts, holds, publishing
from xueqiao.governance.models import DataContract, HoldDecision
from xueqiao.governance.models.hold import BATCH
from xueqiao.kernel import clock
from xueqiao.lake.contracts import decided, odcs
from xueqiao.lake.contracts.contract import Contract, Measure
from xueqiao.lake.contracts.shipped import in_force, shipped

pytestmark = pytest.mark.django_db
TABLE = "bronze.person"


@pytest.fixture(autouse=True)
def lake(settings, tmp_path):
    settings.LAKE = tmp_path
    return tmp_path


def written(contract):
    return odcs.text(odcs.document(contract))


def propose(document, by=None, reason="The register sends fewer rows now."):
    return contracts.propose(
        document=document, reason=reason, by=by or person("An"), at=clock.now()
    )


def wider():
    return replace(shipped()[TABLE], least_percent=10)


def test_what_a_second_person_approves_is_in_force(lake, django_capture_on_commit_callbacks):
    proposed = propose(written(wider()))
    assert (proposed.version, proposed.state) == (2, DataContract.State.PROPOSED)
    assert contracts.in_force(TABLE) == shipped()[TABLE]
    with django_capture_on_commit_callbacks(execute=True):
        contracts.decide(contract=proposed, approve=True, by=person("Bo"), at=clock.now())
    assert contracts.in_force(TABLE) == replace(wider(), version=2)
    assert in_force(lake)[TABLE] == replace(wider(), version=2)
    assert publishing.publish(root=lake) is False


def test_what_is_rejected_leaves_the_other_in_force():
    proposed = propose(written(wider()))
    contracts.decide(contract=proposed, approve=False, by=person("Bo"), at=clock.now(), note="No.")
    assert contracts.in_force(TABLE) == shipped()[TABLE]
    assert propose(written(wider())).version == 3


def test_nobody_answers_what_they_proposed_and_nobody_answers_twice():
    an = person("An")
    proposed = propose(written(wider()), by=an)
    with pytest.raises(contracts.SecondPersonNeeded):
        contracts.decide(contract=proposed, approve=True, by=an, at=clock.now())
    contracts.decide(contract=proposed, approve=True, by=person("Bo"), at=clock.now())
    with pytest.raises(contracts.ContractDecided):
        contracts.decide(contract=proposed, approve=False, by=person("Li"), at=clock.now())


def test_the_same_proposal_is_made_once_and_another_has_to_wait():
    first = propose(written(wider()))
    assert propose(written(wider())) == first
    with pytest.raises(contracts.ContractUnchanged):
        propose(written(replace(wider(), least_percent=20)))


def test_what_is_in_force_already_is_no_proposal():
    with pytest.raises(contracts.ContractUnchanged):
        propose(written(shipped()[TABLE]))


@pytest.mark.parametrize("name", ["bronze.nothing", "source.nobody"])
def test_a_contract_about_nothing_is_refused(name):
    with pytest.raises(contracts.ContractUnknown) as refused:
        propose(written(Contract(name, 1)))
    assert refused.value.pointer == "document"


def test_a_reason_is_needed():
    with pytest.raises(contracts.ReasonMissing):
        propose(written(wider()), reason=" ")


def test_a_source_gets_a_contract_of_its_own():
    factories.source("school")
    drafted = contracts.drafted("source.school", ["http://example.org/read"])
    terms = replace(drafted, measures={"not_in_future": Measure(1)})
    assert propose(written(terms)).version == 1


def test_differences_name_what_was_and_what_will_be():
    found = contracts.differences(shipped()[TABLE], replace(wider(), key=()))
    assert [(bool(line["before"]), bool(line["after"])) for line in found] == [
        (True, False),
        (True, True),
    ]


def test_the_last_decision_about_a_batch_counts(lake):
    for verdict in (HoldDecision.Verdict.REJECT, HoldDecision.Verdict.RELEASE):
        holds.decide(
            subject=BATCH, number=7, verdict=verdict, reason="The clock was wrong.",
            by=person("An"), at=clock.now(),
        )  # fmt: skip
    assert publishing.publish(root=lake) is True
    assert decided.about_batches(lake) == {7: decided.RELEASE}
    assert [each.verdict for each in holds.of_batch(7)] == ["release", "reject"]
