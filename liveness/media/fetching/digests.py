"""MD5 and SHA-256 of bytes on their way to the disk, computed beside it: hashing takes longer than all the rest."""

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

# Chunks that may wait to be digested: enough to hash during the final sync, little enough to hold in memory.
AHEAD = 6


class Digests:
    """Both digests, in a thread of their own (hashlib lets others run meanwhile). Close it as a context manager."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "digests")
        self._pending: deque[Future[None]] = deque()
        self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def restart(self) -> None:
        """Forget what came so far."""
        self._settle(0)
        self._md5, self._sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()

    def update(self, chunk: bytes) -> None:
        """Take the next bytes; waits when too many are not digested yet."""
        self._pending.append(self._thread.submit(self._digest, chunk))
        self._settle(AHEAD)

    def hex(self) -> tuple[str, str]:
        """MD5 and SHA-256 of all that came."""
        self._settle(0)
        return self._md5.hexdigest(), self._sha256.hexdigest()

    def _digest(self, chunk: bytes) -> None:
        self._md5.update(chunk)
        self._sha256.update(chunk)

    def _settle(self, left: int) -> None:
        while len(self._pending) > left:
            self._pending.popleft().result()
