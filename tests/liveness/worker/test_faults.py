"""Every fault that the vendor or the network can throw, over real sockets (the machine's are in `test_crashes.py`).

For each: nothing stored twice, nothing false stored, nothing lost that can still be had, the next run goes on, and the
operator is told in one line.
"""

import socket
from datetime import timedelta

import pytest

from liveness.models import MediaState, Outcome, StoredMedia
from liveness.worker import circuit_breaker
from tests.conftest import forget_other_runs
from tests.liveness.worker.steps import (
    assert_everything_is_stored_once,
    assert_it_is_told_and_the_next_run_goes_on,
    registered,
    run,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

API_FAULTS = [
    {"fault": "reset"},
    {"fault": "reset", "at": "middle"},
    {"fault": "close"},
    {"fault": "truncate"},
    {"fault": "stall"},
    {"fault": "stall", "at": "middle"},
    {"fault": "drip_headers", "pause": 0.2},
    {"fault": "drip_body", "pause": 0.2},
    {"fault": "endless"},
    {"fault": "html", "status": 500},
    {"fault": "html", "status": 502},
    {"fault": "html", "status": 200},
    {"fault": "empty"},
    {"fault": "redirect"},
    {"fault": "redirect", "status": 307},
    {"fault": "gzip_bomb", "megabytes": 8},
    {"fault": "duplicate_keys"},
    {"fault": "missing_result"},
    {"fault": "body", "text": "null"},
    {"fault": "body", "text": '{"Response": []}'},
    {"fault": "broken_chunks"},
    {"fault": "both_lengths"},
    {"fault": "request_limit"},
    {"fault": "request_limit", "kind": "IPLimitExceeded"},
    {"fault": "error", "code": "InternalError"},
    {"fault": "error", "code": "FailedOperation.UnKnown"},
    {"fault": "error", "code": "OperationDenied"},
    {"fault": "error", "code": "SomethingNobodyHasSeen"},
]


@pytest.mark.parametrize("fault", API_FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
def test_a_call_that_fails_is_told_and_made_again(fault, attempt, sandbox):
    sandbox.inject(**fault, scope="api", times=1)
    assert_it_is_told_and_the_next_run_goes_on(attempt, run(), sandbox)
    assert sandbox.redirects_followed == 0


def test_an_error_is_found_whatever_the_content_type_says(attempt, sandbox):
    sandbox.inject("error", code="InternalError")
    sandbox.inject("content_type", value="application/json; charset=utf-8")
    assert_it_is_told_and_the_next_run_goes_on(attempt, run(), sandbox)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "integer_result"},
        {"fault": "text_size"},
        {"fault": "extra_fields", "fields": {"New": [1]}},
        {"fault": "content_type"},
        {"fault": "no_request_id"},
    ],
    ids=lambda fault: fault["fault"],
)
def test_an_answer_that_is_merely_odd_is_read_all_the_same(fault, attempt, sandbox):
    sandbox.inject(**fault)
    assert run().counts.errors == 0
    assert_everything_is_stored_once(attempt)


MEDIA_FAULTS = [
    {"fault": "forbidden"},
    {"fault": "not_found"},
    {"fault": "redirect"},
    {"fault": "html", "status": 200},
    {"fault": "bit_flip"},
    {"fault": "oversized"},
    {"fault": "endless"},
    {"fault": "stall"},
    {"fault": "stall", "at": "middle"},
    {"fault": "reset", "at": "middle"},
    {"fault": "gzip"},
    {"fault": "empty"},
    {"fault": "drip_body", "pause": 0.2, "piece": 64},
]


@pytest.mark.parametrize("scope", ["best_frame", "video"])
@pytest.mark.parametrize("fault", MEDIA_FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
def test_a_file_that_does_not_come_whole_is_told_and_fetched_again(fault, scope, attempt, sandbox):
    sandbox.inject(**fault, scope=scope, times=2)
    summary = run()
    assert summary.counts.passed == 1, "the result is kept although a file is not"
    assert attempt.media.get(kind=scope).state == MediaState.WANTED
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)
    assert sandbox.redirects_followed == 0


@pytest.mark.parametrize("fault", [{"fault": "forbidden"}, {"fault": "bit_flip"}], ids=lambda fault: fault["fault"])
def test_a_fresh_link_is_asked_for_at_once(fault, attempt, sandbox):
    sandbox.inject(**fault, scope="video", times=1)
    assert run().counts.errors == 0
    assert len(list(sandbox.calls)) == 2
    assert_everything_is_stored_once(attempt)


@pytest.mark.parametrize(
    "fault",
    [{"fault": "wrong_md5", "kind": "video"}, {"fault": "wrong_size", "size": 1, "kind": "video"}],
    ids=lambda fault: fault["fault"],
)
def test_a_false_declaration_is_never_stored(fault, attempt, sandbox):
    sandbox.inject(**fault, times=2)
    summary = run()
    assert summary.counts.errors == 1
    assert not attempt.media.filter(kind="video", state=MediaState.STORED).exists()
    sandbox.clear_faults()
    run(force=True)
    assert attempt.media.filter(kind="video", state=MediaState.STORED).count() == 1


@pytest.mark.parametrize("size", [-1, 0, None, "unknown", 2**63])
def test_what_is_no_size_is_no_reason_to_lose_a_file_with_an_md5(size, attempt, sandbox):
    sandbox.inject("wrong_size", size=size, times=None)
    assert run().counts.errors == 0
    assert_everything_is_stored_once(attempt)


def test_a_file_without_an_md5_is_kept_apart_and_the_attempt_is_settled(attempt, sandbox):
    sandbox.inject("wrong_md5", md5="", kind="video", times=None)
    summary = run()
    assert (summary.counts.errors, summary.counts.media_stored) == (0, 2)
    assert attempt.media.get(kind="video").state == MediaState.UNVERIFIED
    attempt.refresh_from_db()
    assert attempt.next_poll_at is None


def test_an_idle_connection_that_the_vendor_closed_costs_nothing(sandbox):
    for _ in range(2):
        registered(sandbox)
    sandbox.inject("close", scope="api", skip=1)
    summary = run()
    assert (summary.counts.passed, summary.lines()) == (2, [])
    assert len(list(sandbox.calls)) == 3


def test_a_link_to_another_host_is_not_followed(attempt, sandbox):
    with socket.create_server(("127.0.0.1", 0)) as canary:
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/latest/meta-data?token=canary"
        sandbox.inject("media_url", url=url, kind="video", times=2)
        summary = run()
        canary.settimeout(0.2)
        with pytest.raises(TimeoutError):
            canary.accept()
    assert "LIVENESS_MEDIA_ORIGINS" in summary.lines()[0]
    assert "canary" not in summary.lines()[0]
    assert "meta-data" not in summary.lines()[0]


def test_a_refused_connection_is_told_and_the_run_ends_early(attempt, sandbox, settings, monkeypatch):
    for _ in range(20):
        registered(sandbox)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        settings.LIVENESS_ENDPOINT = f"http://127.0.0.1:{probe.getsockname()[1]}"
    summary = run()
    assert "out of reach" in summary.stopped
    assert summary.counts.polled == circuit_breaker.OUTAGE_FAILURES
    assert run(force=True).counts.polled == 0, "the process remembers it for a while"
    settings.LIVENESS_ENDPOINT = sandbox.url
    forget_other_runs(monkeypatch)
    assert run(force=True).counts.passed == 21


def test_an_outage_of_the_media_host_takes_no_second_call_for_each_attempt(sandbox):
    for _ in range(16):
        registered(sandbox)
    sandbox.inject("html", status=503, scope="media", times=None)
    assert run().counts.passed == 16
    assert 16 < len(list(sandbox.calls)) < 28
    sandbox.clear_faults()
    run(force=True)
    assert StoredMedia.objects.filter(state=MediaState.STORED).count() == 32


def test_a_name_that_does_not_resolve_is_told(attempt, sandbox, settings, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    settings.LIVENESS_ENDPOINT = "https://faceid.example"
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        summary = run()
    settings.LIVENESS_ENDPOINT = sandbox.url
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)


def test_a_server_that_does_not_speak_tls_is_told(attempt, sandbox, settings):
    settings.LIVENESS_ENDPOINT = sandbox.url.replace("http:", "https:")
    summary = run()
    assert "encrypted connection" in summary.lines()[0]
    settings.LIVENESS_ENDPOINT = sandbox.url
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)


def test_a_failure_that_will_not_pass_is_asked_about_rarely(attempt, sandbox):
    sandbox.inject("error", code="OperationDenied")
    run()
    attempt.refresh_from_db()
    assert attempt.next_poll_at - attempt.last_polled_at >= timedelta(minutes=9)


def test_a_download_that_keeps_failing_is_tried_less_and_less_often(attempt, sandbox):
    sandbox.inject("forbidden", scope="media", times=None)
    waits = []
    for _ in range(3):
        run(force=True)
        attempt.refresh_from_db()
        waits.append(attempt.next_poll_at - attempt.last_polled_at)
    assert waits[0] < waits[1] < waits[2]
    sandbox.clear_faults()
    run(force=True)
    attempt.refresh_from_db()
    assert (attempt.failure_count, attempt.last_error) == (0, "")


def test_a_result_that_changes_between_polls_is_flagged(attempt, sandbox):
    run()
    sandbox.inject("result", value="1002", description="Suspected spoofed recording.")
    run(named=[attempt.id])
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.polls.count()) == (Outcome.PASSED, 2)
    assert attempt.diverged_at
