"""Commands whose standard streams are closed, full or without a reader."""

import errno
import os
import pty
import subprocess
import sys

import pytest

from liveness.management.streams import LastingStream
from tests.liveness.management.conftest import ROOT


def shell(portal, arguments: str, redirection: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as a shell starts it with this redirection."""
    command = ["sh", "-c", f"exec {sys.executable} manage.py {arguments} {redirection}"]
    variables = os.environ | portal.environment | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=90)


def test_a_command_whose_output_is_closed_does_its_work(portal):
    assert shell(portal, "liveness_register a-token-of-tests --subject subject-1", ">&-").returncode == 0
    assert "already registered" in portal.run("liveness_register", "a-token-of-tests", "--subject", "subject-1").out


@pytest.mark.parametrize(
    ("arguments", "redirection", "code"),
    [
        ("liveness_refresh --dry-run", ">&-", 0),
        ("liveness_show nothing", "2>&-", 1),
        ("liveness_show nothing", "<&- >&- 2>&-", 1),
        ("check", ">&-", 0),
    ],
)
def test_a_closed_stream_is_no_traceback(portal, arguments, redirection, code):
    done = shell(portal, arguments, redirection)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_a_closed_input_is_an_empty_file(portal):
    done = shell(portal, "liveness_register --file -", "<&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_anchor_that_could_not_be_written_is_said(portal):
    """Cron appends it to a file, whose disk may be full."""
    portal.register()
    done = shell(portal, "liveness_verify_audit --print-anchor", "> /dev/full")
    assert done.returncode == 2
    assert done.stderr == "CommandError: Standard output takes no text (No space left on device).\n"


def test_a_name_that_the_output_cannot_write_is_written_with_its_code(portal):
    portal.register(subject="客户-1")
    done = shell(portal, "liveness_refresh --dry-run --force", "", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u5ba2\u6237-1" in done.stdout


def test_a_terminal_that_is_gone_ends_no_work():
    ours, theirs = pty.openpty()
    os.close(ours)
    with os.fdopen(theirs, "w", buffering=1) as screen:
        stream = LastingStream(screen)
        for _ in range(3):
            assert stream.write("a line\n") == 7
    assert stream.failure is None


def test_why_a_stream_took_no_text_is_kept():
    with open("/dev/full", "w", buffering=1) as full:  # noqa: PTH123
        stream = LastingStream(full)
        stream.write("a line\n")
        stream.flush()
    assert stream.failure.errno == errno.ENOSPC
