"""`liveness_verify_media` as cron runs it, and what the next refresh does about damage."""

import os
import shutil
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from liveness.storage.marker import MARKER
from tests.liveness.management.conftest import ROOT
from tests.liveness.management.stored import evidence, query, stored
from tests.liveness.media.disks import NOBODY, open_directory

AS_NOBODY = """
import os, sys, django
from django.core.management import execute_from_command_line, call_command
django.setup()
call_command("liveness_verify_media", budget=0.001, stdout=open(os.devnull, "w"))
os.seteuid(int(sys.argv.pop(1)))
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def damage(portal):
    """Delete three files and flip a bit of three."""
    for number, path in enumerate(stored(portal)):
        content = path.read_bytes()
        path.unlink()
        if number % 2:
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def test_three_deleted_and_three_flipped_files_are_named_and_fetched_again(captured):
    before = [path.read_bytes() for path in stored(captured)]
    damage(captured)
    done = captured.run("liveness_verify_media", "--json")
    assert (done.code, done.json["damaged"], done.json["wanted_again"]) == (1, 6, 6)
    assert [line.split(" is ")[1] for line in done.err.splitlines()[:6]].count("missing; it will be fetched again") == 3
    assert captured.run("liveness_refresh").code == 0
    assert sorted(path.read_bytes() for path in stored(captured)) == sorted(before)
    assert len(list((evidence(captured) / "quarantine").glob("2*/*"))) == 3


def test_a_worker_with_another_media_root_stores_nothing_there_and_the_next_run_does(captured, tmp_path):
    captured.register("pass_mei", "another")
    wrong = tmp_path / "wrong"
    done = captured.run("liveness_refresh", LIVENESS_MEDIA_ROOT=str(wrong))
    assert done.code == 2
    assert "LIVENESS_MEDIA_ROOT has no marker file" in done.err
    assert not wrong.exists()
    assert query(captured, "SELECT state FROM liveness_storedmedia WHERE state != 'stored'") == [("wanted",)] * 2
    assert captured.run("liveness_refresh", "--force").code == 0
    assert query(captured, "SELECT state FROM liveness_storedmedia WHERE state != 'stored'") == []


def test_a_relative_media_root_is_the_same_directory_wherever_a_process_starts(captured, tmp_path):
    relative = os.path.relpath(evidence(captured), ROOT)
    environment = os.environ | captured.environment | {"LIVENESS_MEDIA_ROOT": relative}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "liveness_verify_media"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    done = captured.run("check", LIVENESS_MEDIA_ROOT=relative)
    assert f"LIVENESS_MEDIA_ROOT={relative}" in done.err and str(evidence(captured).parent) in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_of_another_user_are_named_with_both_users_and_the_command(captured):
    with open_directory() as directory:
        shutil.copytree(evidence(captured), directory / "evidence")
        database = directory / "db.sqlite3"
        shutil.copy(captured.environment["DATABASE_URL"].removeprefix("sqlite:///"), database)
        database.chmod(0o666)
        (directory / "evidence").chmod(0o755)
        (directory / "evidence" / MARKER).chmod(0o644)
        for path in (directory / "evidence").glob("*/"):
            path.chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(NOBODY), "liveness_verify_media", "--json"],
            cwd=ROOT,
            env=os.environ
            | captured.environment
            | {"DATABASE_URL": f"sqlite:///{database}", "LIVENESS_MEDIA_ROOT": f"{directory}/evidence"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    assert '"damaged": 0' in done.stdout
    assert "it belongs to root, this process runs as nobody" in done.stderr
    assert f"sudo chown -R nobody {directory}/evidence" in done.stderr


def test_a_wrong_media_root_is_exit_2_and_nothing_is_judged(captured):
    root = evidence(captured)
    root.rename(root.with_name("unmounted"))
    root.mkdir()
    for command in (["liveness_verify_media"], ["liveness_reconcile", "--quarantine"]):
        done = captured.run(*command)
        assert done.code == 2
        assert str(root) in done.err and "Traceback" not in done.err
    assert query(captured, "SELECT count(*) FROM liveness_storedmedia WHERE damaged_at IS NOT NULL") == [(0,)]
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("budget", ["0", "-1", "nan"])
def test_a_budget_that_is_no_time_is_refused(budget):
    with pytest.raises(CommandError) as problem:
        call_command("liveness_verify_media", f"--budget={budget}")
    assert problem.value.returncode == 2
