"""`liveness_verify_audit` as an operator runs it."""

import sqlite3
from contextlib import closing


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
        assert "The finding could not be kept: IntegrityError" in done.err
        assert "read-only" not in done.err
        assert "Traceback" not in done.err
