"""The progress line as a terminal shows it."""

import os
import pty
import re
from contextlib import suppress

import pytest

from liveness.management.console import progress

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def terminal(monkeypatch):
    """Lets both outputs lead to one terminal, and returns it and a function that says what it showed."""
    ours, theirs = pty.openpty()
    screen = os.fdopen(theirs, "w", buffering=1)

    def shown() -> list[str]:
        screen.close()
        return re.split(r"[\r\n]+", CONTROL.sub("", _to_the_end(ours)))

    def look():
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("sys.stdout", screen)
        return screen, shown

    yield look
    os.close(ours)


def _to_the_end(terminal: int) -> str:
    """Linux ends a terminal nobody holds any more by an error and not by nothing to read."""
    shown = b""
    with suppress(OSError):
        while chunk := os.read(terminal, 65536):
            shown += chunk
    return shown.decode()


def test_a_report_stands_on_a_line_of_its_own_above_the_progress(terminal):
    screen, shown = terminal()
    with progress("Refreshing", total=None, wanted=True) as advance:
        advance(4, "8 files stored")
        with advance.aside():
            screen.write("4 polled, 4 passed\n")
        advance(5, "10 files stored")
    lines = shown()
    assert "4 polled, 4 passed" in lines
    assert any("Refreshing 5 10 files stored" in line for line in lines)


def test_work_without_a_known_end_has_a_count_and_no_bar(terminal):
    _, shown = terminal()
    with progress("Registering", total=None, wanted=True) as advance:
        advance(3, "")
    lines = shown()
    assert any("Registering 3" in line for line in lines)
    assert not any("?" in line or "━" in line for line in lines)


def test_work_with_an_end_has_a_bar(terminal):
    _, shown = terminal()
    with progress("Following", total=10, wanted=True) as advance:
        advance(3, "")
    assert any("━" in line and "3/10" in line.replace(" ", "") for line in shown())


def test_where_nobody_looks_nothing_is_shown(capfd):
    with progress("Refreshing", total=None, wanted=True) as advance:
        advance(4, "8 files stored")
        with advance.aside():
            pass
    assert capfd.readouterr() == ("", "")
