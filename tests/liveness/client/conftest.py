import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from liveness.client.faceid import FaceIdClient
from liveness.client.signing import Credentials
from tests.conftest import missing

from .server import Server

TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"
KEYS = Credentials("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")


def client_for(server: Server | str, **options: object) -> FaceIdClient:
    """A client of the server with short patience."""
    url = server if isinstance(server, str) else server.url
    settings: dict[str, object] = {"timeouts": (2.0, 2.0), "deadline": 4.0} | options
    keys = settings.pop("credentials", KEYS)
    return FaceIdClient(keys, "ap-singapore", url, **settings)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Certificate:
    """A throw-away certificate for 127.0.0.1, and a TLS context that presents it."""

    path: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificate]:
    yield make_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1,DNS:vendor.invalid")


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificate]:
    yield make_certificate(tmp_path_factory.mktemp("tls"), "DNS:elsewhere.invalid")


def make_certificate(folder: Path, names: str) -> Certificate:
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("openssl is not installed (Debian: apt-get install openssl)")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-addext", f"subjectAltName={names}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Certificate(certificate, context)
