"""The standard streams of a command, whatever the caller did to them. Without Django, for `manage.py` uses it too."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

# Whoever read this has gone: a pipe's reader, or the terminal.
GONE = (errno.EPIPE, errno.EIO)


def open_closed_streams() -> None:
    """Python has no stream where the caller closed it, as in `>&-`: what is written there goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


class LastingStream:
    """A stream that may stop taking text: the rest is dropped, and the work goes on.

    `failure` is why, unless the reader has only gone away, as in `| head`.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError as failure:
            return self.write(text.encode(failure.encoding, "backslashreplace").decode(failure.encoding))
        except OSError as failure:
            self._drop(failure)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as failure:
            self._drop(failure)

    def _drop(self, failure: OSError) -> None:
        """Lead what is still buffered to nowhere, or Python would complain of it at its end."""
        if failure.errno not in GONE:
            self.failure = failure
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):
            os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
