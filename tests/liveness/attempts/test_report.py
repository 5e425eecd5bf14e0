import pytest
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.attempts import report as attempt_report
from liveness.audit import Actor
from tests.builders import make_attempt, make_result

pytestmark = pytest.mark.django_db


def test_it_is_described_without_its_token():
    attempt = make_attempt()
    after = life_cycle.record(attempt.id, make_result("1002"), now=timezone.now(), actor=Actor.system("tests"))
    shown = attempt_report.attempt_report(after)
    assert attempt.sdk_token not in str(shown)
    assert (shown["outcome"], shown["result_code"], shown["polls"]) == ("failed", "1002", 1)
    assert shown["result_meaning"] == "The recording looks faked."


def test_it_is_found_by_token_and_by_id():
    attempt = make_attempt()
    assert attempt_report.find(attempt.sdk_token) == attempt_report.find(str(attempt.public_id)) == attempt
    assert attempt_report.find("nothing") is None
