"""Whatever an answer says of a check: the attempt is answered, and a good file beside a bad one is stored."""

import json

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from liveness import clients
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.client.redaction import storable
from liveness.client.results import Outcome, explain
from liveness.clock import CheckedClock
from liveness.media import files as media_files
from liveness.models import MediaState
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")

# What the sandbox can send: it writes UTF-8, so lone surrogates are left to the tests of the envelope.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
scalars = st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | texts
codes = scalars | st.sampled_from(["0", "1004", "0\n", "真人", "x" * 65, "x" * 4_000, "\x00", "\u202e", " "])
values = st.none() | scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)
odd_links = st.sampled_from(
    ["http://127.0.0.1:9/x", "https://a.myqcloud.com/x", "http://", "ftp://x/y", "\n", "#", "http://[x"]
)
files = values | st.fixed_dictionaries(
    {}, optional={"Url": values | odd_links, "MD5": values, "Size": values, "Other": values}
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(code=codes, description=values, odd=files, good=st.sampled_from(["best_frame", "video"]))
def test_any_answer_is_kept_and_the_good_file_is_stored(code, description, odd, good, sandbox):
    expected = storable(code if isinstance(code, str) else json.dumps(code, ensure_ascii=False))
    assume(explain(expected).outcome not in (Outcome.PENDING, Outcome.EXPIRED))
    sandbox.clear_faults()
    token = sandbox.issue("pass_amara", finishes_after=0, issued_ago=60)
    bad = {"best_frame": "Video", "video": "BestFrame"}[good]
    fields = {"Result": code, "Description": description, bad: odd}
    sandbox.inject("extra_fields", token=token, times=None, fields=fields)
    attempt = make_attempt(sdk_token=token)

    with clients.client_for(attempt.region, CheckedClock()) as client:
        result = client.get_liveness_result(token)
    life_cycle.record(attempt.id, result, now=timezone.now(), actor=ACTOR)
    media_files.capture(attempt, result, actor=ACTOR)

    attempt.refresh_from_db()
    assert attempt.is_answered
    assert attempt.outcome == explain(expected).outcome.value
    assert attempt.result_code == attempt.polls.get().result_code == expected
    assert attempt.media.get(kind=good).state == MediaState.STORED
    assert not attempt.media.exclude(kind=good).filter(state=MediaState.STORED).exists()
