"""Things that keep connections open, lent to one thread at a time and never across a fork."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Pool(Generic[Key, Item]):
    """Idle items by key. `build` makes a new one when none is idle, so there are as many as threads at work."""

    def __init__(self, build: Callable[[Key], Item]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._idle: defaultdict[tuple[int, Key], list[Item]] = defaultdict(list)

    @contextmanager
    def borrow(self, key: Key) -> Iterator[Item]:
        """An item of this process for the length of the block."""
        place = (os.getpid(), key)
        with self._lock:
            idle = self._idle[place]
            item = idle.pop() if idle else None
        if item is None:
            item = self._build(key)
        try:
            yield item
        finally:
            with self._lock:
                self._idle[place].append(item)
