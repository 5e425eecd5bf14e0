"""Room in quarantine, shared by threads here and by whole processes in the same way: through the directory."""

import threading

import pytest

from liveness.exceptions import MediaError
from liveness.media.fetching import quarantine
from liveness.media.fetching.quarantine import reserved

ROOM = 1000


@pytest.fixture(autouse=True)
def _small_room(settings, monkeypatch):
    settings.LIVENESS_MEDIA_TEMPORARY_BYTES = ROOM
    monkeypatch.setattr(quarantine, "PAUSE", 0.005)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(quarantine, "PATIENCE", 0.05)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "mine.part"


@pytest.fixture
def other(tmp_path):
    """What another process holds."""
    path = tmp_path / "other.part"
    path.write_bytes(b"x" * 600)
    return path


def test_a_file_has_its_size_from_the_first_moment(part):
    with reserved(part, 600) as file:
        assert part.stat().st_size == 600
        assert part.stat().st_mode & 0o777 == 0o600
        file.write(b"y" * 600)
    assert part.read_bytes() == b"y" * 600


def test_it_waits_until_another_process_is_done(part, other):
    timer = threading.Timer(0.1, other.unlink)
    timer.start()
    with reserved(part, 600):
        assert not other.exists()
    timer.join()


def test_it_does_not_wait_where_both_fit(part, other, impatient):
    with reserved(part, ROOM - 600):
        assert other.exists()


def test_one_that_waits_too_long_gives_up_and_holds_nothing(part, other, impatient):
    with pytest.raises(MediaError, match="LIVENESS_MEDIA_TEMPORARY_BYTES") as problem, reserved(part, 600):
        pass
    assert not problem.value.is_refetchable, "a fresh link makes no room"
    assert not part.exists()


def test_a_file_larger_than_the_whole_room_comes_alone(part, other, impatient):
    with pytest.raises(MediaError), reserved(part, 2 * ROOM):
        pass
    other.unlink()
    with reserved(part, 2 * ROOM):
        assert part.exists()


def test_files_that_are_no_parts_take_no_room(part, other, impatient):
    other.rename(other.with_suffix(".jpg"))
    with reserved(part, ROOM):
        assert part.exists()


def test_what_fails_gives_its_room_back_at_once(part):
    with pytest.raises(RuntimeError), reserved(part, 600):
        raise RuntimeError
    assert not part.exists()


def test_a_file_that_somebody_else_made_is_not_touched(other):
    with pytest.raises(FileExistsError), reserved(other, 10):
        pass
    assert other.stat().st_size == 600


def test_many_at_once_never_hold_more_than_the_room(tmp_path):
    held, most, lock = [], [], threading.Lock()

    def work(number):
        for turn in range(5):
            with reserved(tmp_path / f"{number}-{turn}.part", 300):
                with lock:
                    held.append(number)
                    most.append(len(held))
                with lock:
                    held.remove(number)
                    (tmp_path / f"{number}-{turn}.part").unlink()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 30
    assert max(most) * 300 <= ROOM
