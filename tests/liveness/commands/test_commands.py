import json
import signal
import sqlite3
import time
from contextlib import closing

NUMBERS = {
    *("polled", "passed", "failed", "pending", "unknown", "expired", "invalid"),
    *("errors", "media_stored", "media_lost", "seconds"),
}
SHOWN = {
    *("id", "subject_reference", "outcome", "result_code", "result_meaning", "polls"),
    *("issued_at", "expires_at", "finished_at", "media"),
}


class TestRegister:
    def test_it_registers_one_token_and_prints_its_id(self, portal):
        token = portal.sandbox.issue()
        done = portal.run("liveness_register", token, "--subject", "subject-1")
        assert done.code == 0
        assert done.out.startswith("registered ")
        assert token not in done.out + done.err

    def test_it_prints_numbers_as_json(self, portal):
        arguments = ("liveness_register", portal.sandbox.issue(), "--subject", "s", "--json")
        assert portal.run(*arguments).json.items() >= {"registered": 1, "duplicates": 0, "rejected": 0}.items()
        assert portal.run(*arguments).json.items() >= {"registered": 0, "duplicates": 1, "rejected": 0}.items()

    def test_it_reads_a_file_and_tells_which_lines_are_bad(self, portal, tmp_path):
        path = tmp_path / "tokens.csv"
        good = portal.sandbox.issue()
        path.write_text(f"sdk_token,subject_reference,issued_at,region\nbad,s,,\n{good},s,,ap-jakarta\n")
        done = portal.run("liveness_register", "--file", str(path), "--json")
        assert done.code == 1
        assert done.json["registered"] == 1
        assert done.json["rejected"] == 1
        assert "line 2:" in done.err

    def test_it_is_quiet_about_a_good_file(self, portal):
        line = json.dumps({"sdk_token": portal.sandbox.issue(), "subject_reference": "s"})
        done = portal.run("liveness_register", "--file", "-", stdin=line)
        assert (done.code, done.out, done.err) == (0, "", "")

    def test_bad_bytes_spoil_their_line_only(self, portal, tmp_path):
        path = tmp_path / "tokens.csv"
        good = portal.sandbox.issue().encode()
        path.write_bytes(b"sdk_token,subject_reference\n\xff\xfe\xfd00000000,\xff\n" + good + b",s\n")
        done = portal.run("liveness_register", "--file", str(path), "--json")
        assert (done.json["registered"], done.json["rejected"]) == (1, 1)

    def test_the_app_can_report_that_a_check_is_done(self, portal):
        token = portal.sandbox.issue(finishes_after=0)
        assert portal.run("liveness_register", token, "--subject", "s").code == 0
        assert portal.run("liveness_refresh", "--json").json["polled"] == 0
        assert portal.run("liveness_register", token, "--subject", "s", "--finished").code == 0
        assert portal.run("liveness_refresh", "--json").json["passed"] == 1

    def test_it_says_what_to_type(self, portal):
        for arguments, hint in (
            ((), "--file"),
            (("TOKEN-12345678",), "--subject"),
            (("--file", "/nowhere/tokens.csv"), "cannot be read"),
            (("--file", "-", "--finished"), "column"),
            (("TOKEN-12345678", "--subject", "s", "--region", "ap-mars"), "ap-singapore"),
        ):
            done = portal.run("liveness_register", *arguments)
            assert done.code == 2
            assert hint in done.err


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
        for _ in range(4):
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
        done = portal.run("liveness_refresh", LIVENESS_PACE_FILE="/proc/nowhere/pace")
        assert done.code == 2
        assert "LIVENESS_PACE_FILE" in done.err

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

    def test_a_run_that_is_killed_loses_nothing(self, portal):
        token = portal.register()
        portal.sandbox.inject("stall", scope="video", at="middle", times=1)
        process = portal.start("liveness_refresh")
        while not any(call.action == "video" for call in portal.sandbox.downloads):
            time.sleep(0.02)
        process.kill()
        process.communicate()
        assert portal.run("liveness_refresh", "--json", "--force").json["polled"] == 0, "it is still held"
        portal.sandbox.clear_faults()
        self._run_out_leases(portal)
        assert portal.run("liveness_refresh", "--json", "--force").json["errors"] == 0
        shown = portal.run("liveness_show", token, "--json").json
        assert [media["state"] for media in shown["media"]] == ["stored", "stored"]
        assert portal.run("liveness_verify_audit").code == 0

    def _run_out_leases(self, portal):
        code = (
            "from liveness.models import VerificationAttempt as A; from django.utils import timezone as t;"
            "assert A.objects.exclude(lease_owner='').update(lease_expires_at=t.now()) == 1"
        )
        assert portal.run("shell", "-c", code).code == 0


class TestShow:
    def test_it_shows_the_contracts_fields(self, portal):
        token = portal.register("pass_amara")
        portal.run("liveness_refresh")
        shown = portal.run("liveness_show", token, "--json").json
        assert set(shown) == SHOWN
        assert set(shown["media"][0]) == {"kind", "state", "size", "md5", "sha256", "content_type"}
        assert (shown["polls"], shown["result_code"]) == (1, "0")
        assert portal.run("liveness_show", shown["id"], "--json").json == shown

    def test_it_shows_a_person_the_same_without_the_token(self, portal):
        token = portal.register("pass_amara")
        shown = portal.run("liveness_show", token)
        assert "subject-1" in shown.out
        assert token not in shown.out

    def test_an_unknown_attempt_is_exit_1(self, portal):
        assert portal.run("liveness_show", "nothing").code == 1


class TestVerifyAudit:
    def test_it_is_quiet_about_a_sound_chain(self, portal):
        portal.register()
        done = portal.run("liveness_verify_audit")
        assert (done.code, done.out, done.err) == (0, "", "")

    def test_it_prints_and_checks_an_anchor(self, portal):
        portal.register()
        anchor = portal.run("liveness_verify_audit", "--print-anchor").out.strip()
        assert portal.run("liveness_verify_audit", "--anchor", anchor).code == 0
        forged = anchor[:-1] + ("0" if anchor[-1] != "0" else "1")
        assert portal.run("liveness_verify_audit", "--anchor", forged).code == 1
        assert portal.run("liveness_verify_audit", "--anchor", "nonsense").code == 2

    def test_a_broken_chain_is_exit_1_with_the_first_bad_number(self, portal):
        for number in range(3):
            portal.register(subject=f"subject-{number}")
        path = portal.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path) as database:
            database.execute("DROP TRIGGER liveness_auditevent_refuse_update")
            database.execute("UPDATE liveness_auditevent SET actor = 'user:1' WHERE sequence = 2")
        done = portal.run("liveness_verify_audit", "--json")
        assert done.code == 1
        assert done.json["broken_at"] == 2
        assert "broken at 2" in done.err

    def test_it_keeps_its_finding(self, portal):
        portal.register()
        assert portal.run("liveness_verify_audit").code == 0
        path = portal.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT sequence, broken_at, reason FROM liveness_auditcheck").fetchall() == [
                (1, None, "")
            ]

    def test_it_tells_what_it_found_where_nothing_can_be_kept(self, portal):
        portal.register()
        path = portal.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            refuse = "BEGIN SELECT RAISE(ABORT, 'this copy is read-only'); END"
            database.execute(f"CREATE TRIGGER read_only BEFORE INSERT ON liveness_auditcheck {refuse}")
        done = portal.run("liveness_verify_audit", "--print-anchor")
        assert done.code == 0
        assert done.out.startswith("1:")
        assert "could not be kept: this copy is read-only" in done.err
        assert "Traceback" not in done.err


class TestSandbox:
    def test_it_prints_how_to_use_it_and_stops_on_a_signal(self, portal):
        process = portal.start("liveness_sandbox", "--port", "0", "--json")
        facts = json.loads(process.stdout.readline())
        assert facts["LIVENESS_ENDPOINT"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")

    def test_a_busy_port_is_exit_2(self, portal):
        done = portal.run("liveness_sandbox", "--port", str(portal.sandbox.port))
        assert done.code == 2
        assert str(portal.sandbox.port) in done.err


def test_no_secret_reaches_any_output_or_the_log(portal):
    """Run the whole job at the most talkative log level, with faults, and look for what must not be there."""
    tokens = [portal.register(), portal.register("pass_mei")]
    portal.sandbox.inject("error", code="InternalError")
    portal.sandbox.inject("forbidden", scope="video")
    said = ""
    for _ in range(2):
        done = portal.run("liveness_refresh", "--force", "-v3", DJANGO_LOG_LEVEL="DEBUG")
        said += done.out + done.err
    assert said
    for secret in (*tokens, portal.sandbox.secret_key, "q-signature", "q-sign"):
        assert secret not in said


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
