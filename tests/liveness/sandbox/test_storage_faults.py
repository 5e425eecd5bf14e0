"""Faults of object storage, seen over a real connection."""

import pytest

from liveness.sandbox import Sandbox
from tests.liveness.sandbox.calling import download, raw_request, read


@pytest.mark.parametrize(("fault", "status"), [("forbidden", 403), ("not_found", 404)])
def test_storage_can_refuse(sandbox: Sandbox, token: str, fault: str, status: int):
    sandbox.inject(fault)
    result = read(sandbox, token)
    assert download(result["Video"]["Url"]).status_code == status
    assert download(result["BestFrame"]["Url"]).status_code == 200


@pytest.mark.parametrize("kind", ["best_frame", "video"])
def test_a_fault_can_strike_one_kind_of_file(sandbox: Sandbox, token: str, kind: str):
    sandbox.inject("not_found", scope=kind, times=None)
    result = read(sandbox, token)
    statuses = {name: download(result[field]["Url"]).status_code for name, field in FIELDS.items()}
    assert statuses == {name: 404 if name == kind else 200 for name in FIELDS}


FIELDS = {"best_frame": "BestFrame", "video": "Video"}


def test_one_bit_can_be_wrong(sandbox: Sandbox, token: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject("bit_flip", scope="video")
    spoilt, whole = download(url).content, download(url).content
    different = [one ^ other for one, other in zip(spoilt, whole, strict=True) if one != other]
    assert different == [1]


def test_a_file_can_be_longer_than_the_result_said(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["Video"]
    sandbox.inject("oversized", extra=10)
    assert len(download(info["Url"]).content) == info["Size"] + 10


def test_a_file_can_be_endless(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["BestFrame"]
    sandbox.inject("endless", scope="best_frame")
    path = info["Url"].removeprefix(sandbox.url)
    with raw_request(sandbox, f"GET {path} HTTP/1.1", {}) as connection:
        size = 0
        while size < 8 * info["Size"]:
            size += len(connection.recv(65536))


@pytest.mark.parametrize(
    ("fault", "options", "status", "content_type"),
    [
        ("redirect", {}, 302, "text/html"),
        ("html", {"status": 200}, 200, "text/html; charset=utf-8"),
        ("content_type", {"value": "text/html"}, 200, "text/html"),
        ("empty", {}, 200, "video/mp4"),
    ],
)
def test_the_faults_of_http_strike_files_too(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, object], status: int, content_type: str
):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject(fault, scope="media", **options)
    reply = download(url)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, content_type)
