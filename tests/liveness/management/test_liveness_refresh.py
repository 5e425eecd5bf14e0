"""`liveness_refresh` as an operator runs it, alone and in several processes at once."""

import json
import signal
import time

import pytest

# The one run that is there gave its last sign of life a while ago.
SILENCE = (
    "from datetime import timedelta; from django.db.models import F; from liveness.models import WorkerRun;"
    "assert WorkerRun.objects.update(alive_at=F('alive_at') - timedelta(seconds=31)) == 1"
)
NUMBERS = {
    *("polled", "passed", "failed", "pending", "unknown", "expired", "invalid"),
    *("errors", "media_stored", "media_lost", "seconds"),
}


class TestRefresh:
    def test_it_fetches_what_is_due_and_is_quiet(self, portal):
        token = portal.register()
        done = portal.run("liveness_refresh")
        assert (done.code, done.out, done.err) == (0, "", "")
        assert portal.run("liveness_show", token, "--json").json["outcome"] == "passed"

    def test_it_prints_one_object_with_all_numbers(self, portal):
        portal.register("pass_amara")
        portal.register("screen_replay")
        portal.register("never_finishes")
        numbers = portal.run("liveness_refresh", "--json").json
        assert set(numbers) >= NUMBERS
        assert (numbers["polled"], numbers["passed"], numbers["failed"], numbers["pending"]) == (3, 1, 1, 1)
        assert (numbers["media_stored"], numbers["media_lost"], numbers["errors"]) == (4, 0, 0)

    def test_it_asks_about_named_tokens_only(self, portal):
        first, second = portal.register(), portal.register("pass_mei")
        assert portal.run("liveness_refresh", "--token", second, "--json").json["polled"] == 1
        public_id = portal.run("liveness_show", first, "--json").json["id"]
        assert portal.run("liveness_refresh", "--attempt", public_id, "--json").json["passed"] == 1

    def test_a_dry_run_calls_nobody(self, portal):
        portal.register()
        assert portal.run("liveness_refresh", "--dry-run", "--json").json["due"] == 1
        assert "would be asked" in portal.run("liveness_refresh", "--dry-run").out
        assert len(list(portal.sandbox.calls)) == 0

    def test_some_failures_are_exit_1_and_said(self, portal):
        token = portal.register()
        portal.sandbox.inject("html", status=502, times=None)
        done = portal.run("liveness_refresh", "--json")
        assert done.code == 1
        assert done.json["errors"] == 1
        assert portal.run("liveness_show", token, "--json").json["id"] in done.err
        assert "Traceback" not in done.err

    def test_a_wrong_key_is_exit_2_and_says_what_to_fix(self, portal):
        portal.register()
        done = portal.run("liveness_refresh", TENCENTCLOUD_SECRET_KEY="canary-wrong-key-000000000")
        assert done.code == 2
        assert "SecretKey" in done.err or "SECRET_KEY" in done.err
        assert "canary" not in done.err
        assert "Traceback" not in done.err
        assert portal.run("liveness_refresh", "--json").json["passed"] == 1

    def test_what_was_done_before_an_operator_had_to_act_is_printed(self, portal):
        for _ in range(6):
            portal.register()
        portal.sandbox.inject("revoked", skip=2, times=None)
        done = portal.run("liveness_refresh", "--workers", "1", "--json")
        assert (done.code, done.json["passed"]) == (2, 2)

    def test_a_database_that_is_away_is_one_line(self, portal):
        done = portal.run("liveness_refresh", DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
        assert done.code == 1
        assert len(done.err.strip().splitlines()) == 1

    def test_a_place_for_the_call_limit_that_cannot_be_written_is_exit_2(self, portal):
        portal.register()
        done = portal.run("liveness_refresh", LIVENESS_RATE_LIMIT_FILE="/proc/nowhere/pace")
        assert done.code == 2
        assert "LIVENESS_RATE_LIMIT_FILE" in done.err

    def test_a_missing_key_is_exit_2(self, portal):
        portal.register()
        done = portal.run("liveness_refresh", TENCENTCLOUD_SECRET_ID="")
        assert done.code == 2
        assert "Traceback" not in done.err

    def test_it_says_what_to_type(self, portal):
        wrong = (
            (("--workers", "0"), 2),
            (("--attempt", "x"), 2),
            (("--watch", "--force"), 2),
            (("--token", "not-registered"), 1),
        )
        for arguments, code in wrong:
            assert portal.run("liveness_refresh", *arguments).code == code

    def test_a_watch_ends_cleanly_when_told(self, portal):
        process = portal.start("liveness_refresh", "--watch", "--json")
        token = portal.register()
        for _ in range(100):
            if portal.run("liveness_show", token, "--json").json["outcome"] == "passed":
                break
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert sum(json.loads(line)["passed"] for line in out.splitlines()) == 1

    @pytest.mark.parametrize("how", ["in its turn", "by order of the operator"])
    def test_a_run_that_is_killed_loses_nothing(self, how, portal):
        token = portal.register()
        portal.sandbox.inject("stall", scope="video", at="middle", times=1)
        process = portal.start("liveness_refresh")
        while not any(call.action == "video" for call in portal.sandbox.downloads):
            time.sleep(0.02)
        process.kill()
        process.communicate()
        assert portal.run("liveness_refresh", "--json", "--force").json["polled"] == 0, "it is still held"
        portal.sandbox.clear_faults()
        self._let_the_run_fall_silent(portal)
        if how == "in its turn":
            assert portal.run("liveness_refresh", "--json", "--force").json["errors"] == 0
        else:
            done = portal.run("liveness_refresh", "--take-over", "--force")
            assert portal.run("liveness_show", token, "--json").json["id"] in done.out
        shown = portal.run("liveness_show", token, "--json").json
        assert [media["state"] for media in shown["media"]] == ["stored", "stored"]
        assert portal.run("liveness_verify_audit").code == 0

    def test_a_run_that_was_paused_for_longer_than_a_lease_lasts_writes_nothing(self, portal):
        token = portal.register()
        portal.sandbox.inject("stall", scope="video", at="middle", times=1)
        process = portal.start("liveness_refresh")
        while not any(call.action == "video" for call in portal.sandbox.downloads):
            time.sleep(0.02)
        self._pause_between_writes(portal, process)
        assert portal.run("liveness_refresh", "--json", "--force").json["media_stored"] == 1
        before = self._contents(portal)
        portal.sandbox.clear_faults()
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "no sign of life" in err
        assert self._contents(portal) == before
        shown = portal.run("liveness_show", token, "--json").json
        assert [media["state"] for media in shown["media"]] == ["stored", "stored"]

    def _pause_between_writes(self, portal, process):
        """A process that is stopped in the middle of a write would keep everybody out of a SQLite database."""
        for _ in range(20):
            process.send_signal(signal.SIGSTOP)
            if portal.run("shell", "-v0", "-c", SILENCE).code == 0:
                return
            process.send_signal(signal.SIGCONT)
            # Stopped again at once it would still be in the same write.
            time.sleep(0.1)
        raise AssertionError("it always writes")

    def _contents(self, portal):
        code = (
            "from liveness.models import *;"
            "print(list(VerificationAttempt.objects.values()), list(StoredMedia.objects.values()),"
            " list(AuditEvent.objects.values()), list(Poll.objects.values()))"
        )
        return portal.run("shell", "-v0", "-c", code).out

    def _let_the_run_fall_silent(self, portal):
        assert portal.run("shell", "-c", SILENCE).code == 0


def test_several_processes_together_keep_to_the_vendors_limit(portal):
    """Arrivals at the vendor, over real HTTP: without a limiter they would be a hundred in the first second.

    A machine with no processor to spare may bunch several: `bench/arrivals.py` has the exact aim.
    """
    people = [(portal.sandbox.issue("never_finishes", issued_ago=120), f"subject-{n}") for n in range(120)]
    portal.register_all(people)
    processes = [portal.start("liveness_refresh", "--workers", "6") for _ in range(3)]
    for process in processes:
        _, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
    assert len(list(portal.sandbox.calls)) == 120
    assert portal.sandbox.calls.busiest_second() <= 30


def test_two_runs_at_once_ask_about_every_attempt_once(portal):
    people = [(portal.sandbox.issue("pass_amara", finishes_after=0, issued_ago=120), f"s-{n}") for n in range(30)]
    portal.register_all(people)
    processes = [portal.start("liveness_refresh", "--json") for _ in range(2)]
    numbers = [json.loads(process.communicate(timeout=90)[0]) for process in processes]
    assert sum(number["polled"] for number in numbers) == 30
    assert sum(number["media_stored"] for number in numbers) == 60
    assert len(list(portal.sandbox.calls)) == 30
