"""Commands while something is out of order: one line that says what, an exit code, and no traceback."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder

from liveness.management.base import LivenessCommand
from liveness.models import AuditHead, VerificationAttempt
from tests.conftest import missing
from tests.liveness.management.conftest import ROOT, Done
from tests.with_celery import wait_until

COMMANDS = {
    "show": ("liveness_show", "nothing"),
    "register": ("liveness_register", "a-token-of-tests", "--subject", "subject-1"),
    "refresh": ("liveness_refresh",),
    "dry-run": ("liveness_refresh", "--dry-run"),
    "alert": ("liveness_alert",),
    "verify": ("liveness_verify_audit",),
    "verify-media": ("liveness_verify_media",),
    "reconcile": ("liveness_reconcile",),
    "adopt": ("liveness_reconcile", "--adopt"),
    "fold": ("liveness_review_statistics",),
    "follow": ("liveness_review_sync",),
    "roles": ("portal_roles",),
}
WRITING = ("register", "refresh", "fold", "follow", "verify-media", "adopt")
READING = ("show", "dry-run", "verify", "reconcile")


def one_line(done: Done) -> str:
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done.err
    assert done.out == ""
    return lines[0]


def run_all(portal, names=COMMANDS, **environment) -> dict[str, Done]:
    """All at once, because most of a command's time is Python's start."""
    running = {name: portal.start(*COMMANDS[name], **environment) for name in names}
    found = {}
    for name, process in running.items():
        out, err = process.communicate("", timeout=90)
        found[name] = Done(process.returncode, out, err)
    return found


@contextmanager
def mounted(*arguments: str, target: Path):
    """A mount of the test's own; it needs root and a kernel that lets it."""
    target.mkdir(exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", *arguments, str(target)], capture_output=True).returncode:
        missing("this machine lets a test mount nothing")
    try:
        yield target
    finally:
        subprocess.run(["umount", str(target)], check=True)


def test_no_command_shows_a_traceback_while_the_database_is_away(portal):
    for name, done in run_all(portal, DATABASE_URL="postgres://nobody@127.0.0.1:9/none").items():
        assert "The database gives no connection (OperationalError)" in one_line(done)
        assert done.code == (1 if name in ("refresh", "dry-run", "alert") else 2)


def test_one_of_djangos_own_commands_does_not_either(portal):
    done = portal.run("migrate", DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    assert (done.code, "gives no connection" in done.err) == (2, True)
    assert "Traceback" not in done.err


def test_a_database_on_a_read_only_file_system_is_named(portal, tmp_path, migrated):
    directory = tmp_path / "database"
    directory.mkdir()
    (directory / "db.sqlite3").write_bytes(migrated)
    with mounted("--bind", str(directory), target=directory):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(directory)], check=True)
        found = run_all(portal, ("register", "refresh", "fold"), DATABASE_URL=f"sqlite:///{directory}/db.sqlite3")
    for done in found.values():
        assert f"The database file ({directory}/db.sqlite3) is on a read-only file system" in one_line(done)
        assert done.code == 2


def test_a_full_disk_under_the_database_is_named(portal, tmp_path, migrated):
    with mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", target=tmp_path / "small") as small:
        (small / "db.sqlite3").write_bytes(migrated)
        fill(small)
        found = run_all(portal, ("register", "refresh", "show"), DATABASE_URL=f"sqlite:///{small}/db.sqlite3")
    for done in found.values():
        assert "takes no write (No space left on device). Free space on it." in one_line(done)
        assert done.code == 2


def test_a_full_disk_under_the_evidence_stops_no_registration_and_is_told_by_the_refresh(portal, tmp_path):
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", target=tmp_path / "small") as small:
        fill(small)
        environment = {"LIVENESS_MEDIA_ROOT": str(small)}
        assert portal.run(*COMMANDS["register"], **environment).code == 0
        done = portal.run("liveness_refresh", **environment)
        assert done.code == 2
        assert f"The disk of LIVENESS_MEDIA_ROOT ({small}) takes no write" in done.err
        for path in small.iterdir():
            path.unlink()
        assert "takes no write" not in portal.run("liveness_refresh", **environment).err


def fill(directory: Path) -> None:
    with (directory / "filling").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


@pytest.mark.django_db
@pytest.mark.postgres
class TestStops:
    """In this process, on either database."""

    def refused(self, name: str) -> str:
        with pytest.raises(CommandError) as ending:
            call_command(*COMMANDS[name])
        assert ending.value.returncode == 2
        assert "\n" not in str(ending.value)
        return str(ending.value)

    @pytest.mark.parametrize("name", [*WRITING, *READING, "roles"])
    def test_no_command_begins_with_migrations_that_are_not_applied(self, name):
        MigrationRecorder.Migration.objects.filter(app="liveness", name__startswith="0002").delete()
        assert self.refused(name).endswith("Run: manage.py migrate")

    @pytest.mark.parametrize("name", [*WRITING, *READING, "roles"])
    def test_no_command_begins_in_code_that_is_older_than_the_database(self, name):
        MigrationRecorder.Migration.objects.create(app="liveness", name="9999_of_next_year")
        assert "The database is newer than this code" in self.refused(name)

    def test_the_alarm_says_once_what_stops_the_portal(self, capsys):
        AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
        with pytest.raises(SystemExit) as ending:
            call_command("liveness_alert")
        assert ending.value.code == 2
        assert capsys.readouterr().err.count("Run: manage.py liveness_verify_audit") == 1

    @pytest.mark.parametrize("name", WRITING)
    def test_a_broken_chain_stops_whatever_would_write(self, name):
        AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
        assert "Run: manage.py liveness_verify_audit" in self.refused(name)
        assert not VerificationAttempt.objects.exists()


class TestStreams:
    def test_a_reader_that_goes_away_is_no_fault(self, portal):
        portal.register_all([(portal.sandbox.issue("pass_amara"), f"subject-{'x' * 40}{n}") for n in range(3)])
        for arguments in ("liveness_refresh --dry-run --limit 3", "liveness_show --help", "check", "diffsettings"):
            command = f"{sys.executable} manage.py {arguments} | true; exit ${{PIPESTATUS[0]}}"
            done = subprocess.run(
                ["bash", "-c", command], cwd=ROOT, env=os.environ | portal.environment, capture_output=True, text=True
            )
            assert "BrokenPipe" not in done.stderr
            assert "Exception ignored" not in done.stderr
            assert done.returncode == 0

    def test_what_went_wrong_is_said_although_nobody_reads_the_rest(self):
        class Command(LivenessCommand):
            needs = ()

            def handle(self, *args, **options):
                for _ in range(100_000):
                    self.stdout.write("x" * 100)
                done.append(True)

        done = []
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stream:
            command = Command(stdout=stream)
            command.execute(no_color=True, force_color=False, skip_checks=True)
        assert done == [True]

    def test_no_color_is_heeded_on_standard_error(self, portal, monkeypatch):
        import pty

        ours, theirs = pty.openpty()
        environment = os.environ | portal.environment | {"NO_COLOR": "1", "TERM": "xterm"}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "liveness_show", "nothing"],
            cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        assert process.wait(timeout=60) == 1
        assert b"\x1b" not in os.read(ours, 4096)
        os.close(ours)


class TestSignals:
    def test_a_closed_terminal_ends_a_watch_as_sigterm_does(self, portal):
        portal.register()
        process = portal.start("liveness_refresh", "--watch", "--json")
        try:
            wait_until(lambda: has_handler(process.pid))
            process.send_signal(signal.SIGHUP)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
        assert (process.returncode, err) == (0, "")

    def test_ctrl_c_ends_a_command_without_a_traceback(self, portal):
        process = portal.start("liveness_register", "--file", "-")
        try:
            wait_until(lambda: reads_its_input(process.pid))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        assert (process.returncode, out, err) == (130, "", "")

    def test_a_closed_terminal_ends_the_sandbox_quietly(self, portal):
        process = portal.start("liveness_sandbox", "--port", "0", "--json")
        try:
            assert process.stdout.readline().startswith("{")
            process.send_signal(signal.SIGHUP)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
        assert (process.returncode, err) == (0, "")


def reads_its_input(pid: int) -> bool:
    """Does the process wait for its standard input (proc(5), syscall: read is 0 on x86-64, 63 on ARM)?"""
    call, *arguments = Path(f"/proc/{pid}/syscall").read_text().split()
    return call in ("0", "63") and arguments[0] == "0x0"


def has_handler(pid: int) -> bool:
    """Does the process catch SIGHUP by now (proc(5), SigCgt)?"""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught & 1 << (signal.SIGHUP - 1))


def test_files_that_found_no_room_say_until_then_when_they_are_tried_again(portal, tmp_path):
    with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", target=tmp_path / "small") as small:
        portal.register()
        fill(small)
        full = portal.run("liveness_refresh", LIVENESS_MEDIA_ROOT=str(small))
        (small / "filling").unlink()
        free = portal.run("liveness_refresh", LIVENESS_MEDIA_ROOT=str(small))
    line = re.compile(r"^Files are tried again from 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, or now with --force\.$", re.M)
    assert (full.code, bool(line.search(full.err))) == (2, True)
    assert f"The disk of LIVENESS_MEDIA_ROOT ({small}) takes no write" in full.err
    assert (free.code, line.sub("", free.err).strip()) == (0, "")
    assert line.search(free.err)
