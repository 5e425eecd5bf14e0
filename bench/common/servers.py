"""The portal as deployed, on loopback: gunicorn alone, gunicorn behind nginx with X-Accel, nginx with bare files."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench.common.clients import Target
from tests.served import ROOT, free_port, stop, wait_for

# As docs/operating.md starts it.
GUNICORN = ("gunicorn", "kyc_portal.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "16")
# What Debian's own nginx.conf sets around a site.
NGINX = """daemon off; {user} worker_processes auto; pid {0}/nginx.pid; error_log {0}/error.log; events {{}}
http {{
include /etc/nginx/mime.types; sendfile on; tcp_nopush on; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;
fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
{portal}
server {{ listen 127.0.0.1:{plain}; access_log {0}/plain.log; root {0}/plain; }}
}}
"""
BARE = """<!doctype html><title>bare</title>
<div class="pane--best_frame"><img src="best_frame.jpg"></div>
<div class="pane--video"><video src="video.mp4" poster="best_frame.jpg" controls preload="metadata"></video></div>
"""


@dataclass(frozen=True)
class Servers:
    """Ports of the same portal twice and of nginx with its files, and what `bench.common.seed` made."""

    embedded: int
    front: int
    plain: int
    seeded: dict

    def cookie(self, role: str = "reviewer") -> dict[str, str]:
        return {"Cookie": f"sessionid={self.seeded['sessions'][role]}"}

    def video(self, port: int) -> Target:
        """The first attempt's video through one of the portal's ports."""
        return Target(port, f"/liveness/media/{self.seeded['attempts'][0]['video']}/", self.cookie())

    @property
    def plain_video(self) -> Target:
        return Target(self.plain, "/video.mp4")


@contextmanager
def servers(directory: Path, *, attempts: int) -> Iterator[Servers]:
    """Everything running, with so many attempts; nothing of it is left afterwards."""
    environment = _environment(directory)
    _python(environment, "manage.py", "migrate", "--verbosity", "0")
    # No page uses the extensions of htmx.
    _python(environment, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    code = f"import django; django.setup(); from bench.common.seed import main; main({attempts})"
    seeded = json.loads(_python(environment, "-c", code))
    embedded, behind, front, plain = (free_port() for _ in range(4))
    _lay_out(directory, seeded["attempts"][0])
    config = directory / "nginx.conf"
    config.write_text(_configuration(directory, behind, front, plain))
    with ExitStack() as stack:
        stack.enter_context(_gunicorn(directory, environment, embedded))
        accelerated = environment | {"LIVENESS_ACCEL_PREFIX": "/_evidence/"}
        stack.enter_context(_gunicorn(directory, accelerated, behind))
        stack.enter_context(_running([nginx(), "-c", config, "-e", directory / "error.log"], front, directory))
        yield Servers(embedded, front, plain, seeded)


def nginx() -> str:
    """The program; SystemExit where there is none."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        raise SystemExit("nginx is not installed (Debian: apt-get install nginx-light).")
    return program


def _environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "bench.common.settings",
        "DJANGO_ENV_FILE": os.devnull,
        "DJANGO_SECRET_KEY": "bench-only-" + "x" * 50,
        "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "TENCENTCLOUD_SECRET_ID": "bench",
        "TENCENTCLOUD_SECRET_KEY": "bench",
        "DATABASE_URL": f"sqlite:///{directory / 'portal.sqlite3'}",
        "LIVENESS_MEDIA_ROOT": str(directory / "evidence"),
        "BENCH_STATIC_ROOT": str(directory / "static"),
    }


def _python(environment: dict[str, str], *arguments: str) -> str:
    process = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if process.returncode:
        raise SystemExit(f"python {arguments[0]} failed with exit code {process.returncode}.")
    return process.stdout


@contextmanager
def _gunicorn(directory: Path, environment: dict[str, str], port: int) -> Iterator[None]:
    options = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--graceful-timeout", "2"]
    command = [sys.executable, "-m", *GUNICORN, *options, "--worker-tmp-dir", str(directory)]
    with _running(command, port, directory, cwd=ROOT, env=environment):
        yield


@contextmanager
def _running(command: list[object], port: int, directory: Path, **options: object) -> Iterator[None]:
    with (directory / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, **options)
        try:
            wait_for(port, process)
            yield
        finally:
            stop(process)


def _lay_out(directory: Path, captured: dict[str, str]) -> None:
    """The bare page and its two files, where nginx serves them without asking anybody."""
    plain = directory / "plain"
    plain.mkdir()
    (plain / "bare.html").write_text(BARE)
    for kind, name in (("best_frame", "best_frame.jpg"), ("video", "video.mp4")):
        stored = UUID(captured[kind]).hex
        shutil.copy(directory / "evidence" / stored[:2] / stored, plain / name)


def _configuration(directory: Path, behind: int, front: int, plain: int) -> str:
    """The shipped site with nothing changed but names, ports, paths, and TLS taken out."""
    shared, *_others, site = re.split(r"(?m)^(?=server \{)", (ROOT / "docs/nginx.conf").read_text())
    text = shared + re.sub(r"(?m)^ +ssl_.*\n", "", site)
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{front};",
        "portal.example.com": "localhost",
        "/var/log/nginx": str(directory),
        "/var/lib/kyc-portal/evidence/": f"{directory}/evidence/",
        "/srv/kyc-portal/staticfiles/": f"{directory}/static/",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    # Evidence is its owner's alone, and the workers of a root's nginx would be somebody else.
    user = "user root;" if os.geteuid() == 0 else ""
    return NGINX.format(directory, user=user, portal=text, plain=plain)
