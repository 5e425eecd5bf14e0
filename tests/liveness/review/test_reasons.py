import pytest

from liveness.review import reasons
from liveness.review.app_settings import review_settings
from liveness.review.models import DecisionOutcome
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from liveness.review.reasons import CATALOGUE, Catalogue, Reason

OLD = Reason("attack.print", "Photo on paper", "Attack", frozenset({DecisionOutcome.REJECT}))
NEW = Reason("attack.print", "Printed photo", "Attack", frozenset({DecisionOutcome.REJECT}))
LATER = Reason("attack.puppet", "Puppet", "Attack", frozenset({DecisionOutcome.REJECT, DecisionOutcome.ESCALATE}))
TWO = Catalogue({1: (OLD,), 2: (NEW, LATER)})


@pytest.mark.parametrize("outcome", [APPROVE, REJECT, RETRY, ESCALATE])
def test_every_outcome_has_a_reason(outcome):
    assert CATALOGUE.allowed(outcome)


@pytest.mark.parametrize("outcome", ["withdrawn", "", "nonsense"])
def test_what_nobody_may_decide_has_none(outcome):
    assert CATALOGUE.allowed(outcome) == set()


def test_the_species_of_attacks_are_there_and_are_no_reason_to_approve():
    attacks = {reason.code for reason in CATALOGUE.current if reason.code.startswith("attack.")}
    assert attacks == {f"attack.{name}" for name in ("print", "screen", "mask", "injection", "deepfake", "other")}
    assert not attacks & (CATALOGUE.allowed(APPROVE) | CATALOGUE.allowed(RETRY))


@pytest.mark.parametrize(
    ("vendor", "outcomes"),
    [("passed", {REJECT, ESCALATE}), ("failed", {APPROVE, ESCALATE}), ("unknown", set()), ("expired", set())],
)
def test_the_vendor_is_contradicted_only_where_that_can_be_true(vendor, outcomes):
    fitting = {
        outcome
        for outcome in (APPROVE, REJECT, RETRY, ESCALATE)
        if "policy.vendor_wrong" in CATALOGUE.allowed(outcome, vendor)
    }
    assert fitting == outcomes


def test_no_version_has_a_code_twice():
    for version in CATALOGUE.versions.values():
        codes = [reason.code for reason in version]
        assert len(codes) == len(set(codes))


def test_the_settings_demand_a_second_person_for_reasons_that_exist():
    assert {reason.code for reason in CATALOGUE.current} >= review_settings.SECOND_ON_REASONS


def test_the_newest_version_is_offered():
    assert (TWO.version, TWO.current) == (2, (NEW, LATER))
    assert TWO.allowed(ESCALATE) == {"attack.puppet"}


def test_a_label_stays_what_it_was_when_it_was_chosen():
    assert TWO.labels(["attack.print"], 1) == ["Photo on paper"]
    assert TWO.labels(["attack.print"], 2) == ["Printed photo"]


def test_what_no_version_knows_stands_for_itself():
    assert TWO.labels(["attack.puppet"], 1) == ["attack.puppet"]
    assert TWO.labels(["gone"], 7) == ["gone"]


def test_a_host_names_its_own(settings):
    settings.LIVENESS_REVIEW_REASONS = f"{__name__}.TWO"
    assert reasons.catalogue() is TWO
