"""Storing the evidence of an attempt against hashing the same bytes alone, and the memory that it takes.

    .venv/bin/python bench/attempt_store.py [--database sqlite|postgres|both] [--runs 20]

A picture of 230 KB and a drawn video of 9.4 MB come over keep-alive connections on loopback, and are digested, synced,
inspected and committed, one attempt at a time and through the pipeline of a worker. The peer is MD5 and SHA-256 of the
same bytes in memory, one after the other; beside it stands what nobody can leave out: the download, the digests and
the sync without any check. Needs 200 MB in the temporary directory and, for both databases, PostgreSQL; takes a minute.
Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image

from bench.common.clients import HOST
from bench.common.databases import KINDS, fresh, with_portal
from bench.common.endings import deaf_children, end_cleanly
from bench.common.film import spread
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.timing import Found, timed

ASSETS = Path(__file__).resolve().parents[1] / "liveness" / "sandbox" / "assets"
FRAME, VIDEO, LONG = "best_frame", "video", "long"
SIZES = {FRAME: 230_000, VIDEO: 9_400_000, LONG: 50_000_000}
BLOCK = 256 * 1024
MEGABYTE = 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--runs", type=int, default=20, help="attempts of each kind; the best of them counts")
    options = parser.parse_args()
    end_cleanly()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="bench-attempts-") as directory, served(Path(directory)) as port:
        for kind in KINDS if options.database == "both" else [options.database]:
            progress(f"{kind}: {options.runs} attempts")
            with fresh(kind) as url:
                lines += compared(kind, with_portal(url, measure, directory, port, options.runs))
        progress("memory")
        with fresh("sqlite") as url:
            lines.append(with_portal(url, memory, directory, port))
    return report(lines)


def compared(kind: str, found: Found) -> list[Line]:
    """The lines of one database."""
    return [
        beside(f"{kind}: attempt stored / its bytes hashed", found["stored"], found["hashed"], "ms", at_most(1.5)),
        beside(f"{kind}: attempt stored / fetched, hashed, synced", found["stored"], found["bare"], "ms"),
        beside(f"{kind}: attempt through the pipeline / hashed", found["piped"], found["hashed"], "ms", at_most(1.5)),
        Line(f"{kind}: attempts through the pipeline a second", 1000 / found["piped"], ""),
    ]


def measure(directory: str, port: int, runs: int) -> Found:
    """The best milliseconds for one attempt of each kind, measured by turns, in a process with the portal set up."""
    from liveness.worker.download_pool import DownloadPool

    contents = [Path(directory, name).read_bytes() for name in (FRAME, VIDEO)]
    pipeline, times = DownloadPool(), []
    with settings(port):
        for _ in range(runs + 1):
            times.append(
                {
                    "hashed": cleared(lambda: hashed(contents)),
                    "bare": cleared(lambda: bare(directory, port)),
                    "stored": cleared(attempt(directory, port)),
                    "piped": piped(pipeline, [attempt(directory, port) for _ in range(8)]),
                }
            )
    # The first round only warms up.
    return {name: min(one[name] for one in times[1:]) for name in times[0]}


def memory(directory: str, port: int) -> Line:
    """How much higher the peak of the process is when the videos are five times as long."""
    peaks = []
    with settings(port):
        # The first one only warms up.
        for name in (VIDEO, VIDEO, LONG):
            # What it needed before, for the migrations above all, does not count (proc_pid_clear_refs(5)).
            Path("/proc/self/clear_refs").write_text("5")
            for _ in range(4):
                attempt(directory, port, name)()
                clear()
            [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
            peaks.append(int(peak) * 1024 / MEGABYTE)
    growth = peaks[-1] - peaks[-2]
    return Line("growth of memory, video of 50 MB after 9.4 MB", growth, "MB", aim=at_most(4, of_figure=True))


def attempt(directory: str, port: int, video: str = VIDEO) -> Callable[[], None]:
    """A new attempt whose two files are wanted, and the storing of them."""
    from liveness.audit import Actor
    from liveness.client.types import FileInfo
    from liveness.media import files as media_files
    from liveness.models import Outcome, StoredMedia
    from tests.builders import make_attempt, make_result

    owner, found = make_attempt(outcome=Outcome.PASSED), {}
    for kind, name in ((FRAME, FRAME), (VIDEO, video)):
        path = Path(directory, name)
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        found[kind] = FileInfo(f"http://{HOST}:{port}/{name}", md5, path.stat().st_size)
        StoredMedia.objects.create(
            attempt=owner, kind=kind, declared_size=found[kind].size, declared_md5=found[kind].md5
        )
    result = replace(make_result(), best_frame=found[FRAME], video=found[VIDEO])

    def store() -> None:
        capture = media_files.capture(owner, result, actor=Actor.system("bench"))
        assert capture.stored == 2, capture.problems

    return store


def piped(pipeline, jobs: list[Callable[[], None]]) -> float:
    """Milliseconds for each of so many attempts that are there at once."""
    done = pipeline.stats().done + len(jobs)
    begun = time.perf_counter()
    for job in jobs:
        pipeline.submit(job)
    assert pipeline.wait_until_idle(60)
    took = (time.perf_counter() - begun) * 1000 / len(jobs)
    assert pipeline.stats().done == done
    clear()
    return took


def hashed(contents: list[bytes]) -> None:
    for content in map(memoryview, contents):
        digests = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        for start in range(0, len(content), BLOCK):
            for digest in digests:
                digest.update(content[start : start + BLOCK])


def bare(directory: str, port: int) -> None:
    """Both files fetched in turn over one connection, hashed as they come, written and synced."""
    connection, buffer = HTTPConnection(HOST, port), memoryview(bytearray(BLOCK))
    for name in (FRAME, VIDEO):
        connection.request("GET", f"/{name}")
        response, digests = connection.getresponse(), (hashlib.md5(usedforsecurity=False), hashlib.sha256())
        with Path(directory, "bare").open("wb") as file:
            while count := response.readinto(buffer):
                for digest in digests:
                    digest.update(buffer[:count])
                file.write(buffer[:count])
            file.flush()
            os.fsync(file.fileno())
    connection.close()


def cleared(act: Callable[[], None]) -> float:
    """Milliseconds, and what was stored is gone."""
    took = timed(act)
    clear()
    return took


def clear() -> None:
    """Remove what was stored: a full page cache would slow down every further write."""
    from liveness.storage.private import private_storage

    shutil.rmtree(private_storage().location, ignore_errors=True)


def settings(port: int):
    from django.test import override_settings

    return override_settings(LIVENESS_MEDIA_ORIGINS=[f"http://{HOST}:{port}"])


@contextmanager
def served(directory: Path) -> Iterator[int]:
    """The port of a server, in a process of its own, of the files that it makes in this directory."""
    (directory / FRAME).write_bytes(_picture(SIZES[FRAME]))
    for name in (VIDEO, LONG):
        (directory / name).write_bytes(spread((ASSETS / "amara.mp4").read_bytes(), SIZES[name]))
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(directory, sender))
    with deaf_children():
        process.start()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def _picture(size: int) -> bytes:
    """A drawn face with the grain of a real camera, filled up to its size."""
    with Image.open(ASSETS / "amara.jpg") as drawn:
        grainy = Image.blend(drawn, Image.effect_noise(drawn.size, 60).convert(drawn.mode), 0.2)
    content = BytesIO()
    grainy.save(content, "JPEG", quality=95)
    return content.getvalue() + bytes(max(0, size - content.tell()))


def _serve(directory: Path, sender: Connection) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with (directory / self.path.strip("/")).open("rb") as file:
                self.send_response(200)
                self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
                self.end_headers()
                self.connection.sendfile(file)

        def log_message(self, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    sender.send(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
