"""What the tests of faults and crashes do and expect: the steps of an operator's bad day."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from liveness import audit
from liveness.media import files as media_files
from liveness.models import MediaState, Outcome, StoredMedia
from liveness.storage.marker import MARKER
from liveness.worker import engine
from liveness.worker.engine import RunOptions
from tests.builders import make_attempt


def registered(sandbox, scenario="pass_amara", issued_ago=60, **fields):
    token = sandbox.issue(scenario, finishes_after=0, issued_ago=issued_ago)
    return make_attempt(sdk_token=token, issued_at=timezone.now() - timedelta(seconds=issued_ago), **fields)


def run(**plan):
    summary = engine.run(RunOptions(workers=1, **plan))
    if summary.failure:
        raise summary.failure
    return summary


def assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox):
    """The first run met the fault and lost nothing; without the fault the next one finishes the job."""
    assert len(summary.lines()) == 1
    assert "\n" not in summary.lines()[0]
    assert attempt.sdk_token not in summary.lines()[0]
    attempt.refresh_from_db()
    assert attempt.lease_run == ""
    assert not StoredMedia.objects.filter(state=MediaState.LOST).exists()
    sandbox.clear_faults()
    assert run(force=True).counts.errors == 0
    assert_everything_is_stored_once(attempt)


def assert_everything_is_stored_once(attempt):
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.result_code, attempt.next_poll_at) == (Outcome.PASSED, "0", None)
    assert list(attempt.media.values_list("state", flat=True)) == [MediaState.STORED] * 2
    root = Path(attempt.media.first().file.path).parents[1]
    files = [path for path in root.rglob("*") if path.is_file() and path.name != MARKER]
    assert len(files) == 3, f"a frame, its thumbnail and a video; nothing else: {files}"
    assert audit.verify().broken_at is None


@contextmanager
def killed_at(monkeypatch, place):
    """Within the block a run dies where `services.media` calls this function of its own."""

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(media_files, place, die)
        patch.setattr(threading, "excepthook", lambda failure: None)
        yield
