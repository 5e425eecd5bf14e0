import pytest
from django.utils import timezone

from liveness.audit import Actor
from liveness.services import attempts, facts
from tests.builders import make_attempt, make_result

pytestmark = pytest.mark.django_db


def test_it_is_described_without_its_token():
    attempt = make_attempt()
    after = attempts.record(attempt.id, make_result("1002"), now=timezone.now(), actor=Actor.system("tests"))
    shown = facts.describe(after)
    assert attempt.sdk_token not in str(shown)
    assert (shown["outcome"], shown["result_code"], shown["polls"]) == ("failed", "1002", 1)
    assert shown["result_meaning"] == "The recording looks faked."


def test_it_is_found_by_token_and_by_id():
    attempt = make_attempt()
    assert facts.find(attempt.sdk_token) == facts.find(str(attempt.public_id)) == attempt
    assert facts.find("nothing") is None
