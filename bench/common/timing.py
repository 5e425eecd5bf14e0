"""How long something takes, and the better of several times."""

import time
from collections.abc import Callable

Found = dict[str, float]


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def best_by_turns(first: Callable[[], Found], second: Callable[[], Found], rounds: int) -> tuple[Found, Found]:
    """Both measured by turns, the least of each figure kept: what else the machine does hits both alike."""
    best: tuple[Found, Found] = {}, {}
    for _ in range(rounds):
        for found, measure in zip(best, (first, second), strict=True):
            found |= {name: min(value, found.get(name, value)) for name, value in measure().items()}
    return best
