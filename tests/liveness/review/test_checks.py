"""The checks of the review app's settings: silent when all is well, and with a hint when not."""

import pytest
from django.core.checks import run_checks

from liveness.review.models import DecisionOutcome
from liveness.review.reasons import Catalogue, Reason

EMPTY = Catalogue({})
NO_RETRY = Catalogue({1: (Reason("no", "No", "", frozenset({DecisionOutcome.REJECT, DecisionOutcome.ESCALATE})),)})
ENOUGH = Catalogue({1: (Reason("no", "No", "", frozenset(DecisionOutcome)),)})
NOTHING = "nothing"


@pytest.fixture(autouse=True)
def _rules():
    """The defaults stay, for they are what is looked at."""


def found() -> list[str]:
    messages = [message for message in run_checks(tags=["liveness"]) if message.id.startswith("liveness_review.")]
    assert all(message.hint for message in messages)
    return [message.id.removeprefix("liveness_review.") for message in messages]


def test_it_finds_nothing_wrong_with_the_defaults():
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REASONS", "nowhere.CATALOGUE", "E001"),
        ("REASONS", "liveness.review.reasons.NOTHING", "E001"),
        ("REASONS", f"{__name__}.NOTHING", "E001"),
        ("REASONS", f"{__name__}.EMPTY", "E001"),
        ("REASONS", f"{__name__}.NO_RETRY", "E001"),
        ("SAMPLE", -0.1, "E002"),
        ("SAMPLE", 5, "E002"),
        ("SAMPLE", float("nan"), "E002"),
        ("SAMPLE", "five percent", "E002"),
        ("MIN_PLAYED", 1.1, "E003"),
        ("MIN_PLAYED", None, "E003"),
        ("SLA", 0, "E004"),
        ("SLA", "4 h", "E004"),
        ("SLA", 1e30, "E004"),
        ("LEASE", -1, "E005"),
        ("SECOND_ON_REASONS", ["attack.injektion"], "E006"),
        ("SECOND_ON_REASONS", "attack.mask", "E006"),
        ("UNDO", -1, "E007"),
        ("UNDO", None, "E007"),
    ],
)
def test_it_names_the_setting_that_is_wrong(settings, name, value, expected):
    setattr(settings, f"LIVENESS_REVIEW_{name}", value)
    assert found() == [expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [("SAMPLE", 0), ("SAMPLE", 1), ("MIN_PLAYED", "0.8"), ("UNDO", 0), ("SECOND_ON_REASONS", []), ("SLA", 0.5)],
)
def test_it_accepts_what_makes_sense(settings, name, value):
    setattr(settings, f"LIVENESS_REVIEW_{name}", value)
    assert found() == []


def test_a_catalogue_of_ones_own_says_which_of_its_reasons_need_a_second_person(settings):
    settings.LIVENESS_REVIEW_REASONS = f"{__name__}.ENOUGH"
    assert found() == ["E006"]
    settings.LIVENESS_REVIEW_SECOND_ON_REASONS = ["no"]
    assert found() == []
