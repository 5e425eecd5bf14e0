"""Rows for tests, made the way the services make them where that matters."""

import hashlib
import uuid
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from liveness.client.types import LivenessResult, parse_liveness_result
from liveness.models import MediaKind, MediaState, Outcome, StoredMedia, VerificationAttempt, WorkerRun
from liveness.storage.private import private_storage


def living_run(run: str = "another") -> str:
    """A run that has just given a sign of life."""
    WorkerRun.objects.get_or_create(id=run, defaults={"host": "host"})
    return run


def silent_run(run: str = "gone") -> str:
    """A run that was killed a while ago."""
    living_run(run)
    silence(WorkerRun.objects.filter(id=run))
    return run


def silence(runs, seconds: float = 31) -> None:
    """Let these runs have given their last sign of life so many seconds ago."""
    runs.update(alive_at=Now() - timedelta(seconds=seconds))


def make_attempt(**fields) -> VerificationAttempt:
    """A pending attempt, issued now and due now, unless told otherwise."""
    now = timezone.now()
    issued_at = fields.pop("issued_at", now)
    values = {
        "sdk_token": str(uuid.uuid4()).upper(),
        "subject_reference": "subject-1",
        "region": "ap-singapore",
        "issued_at": issued_at,
        "expires_at": issued_at + timedelta(hours=2),
        "next_poll_at": now,
    }
    if fields.get("outcome", Outcome.PENDING) != Outcome.PENDING:
        values |= {"finished_at": now, "next_poll_at": None, "result_code": "0"}
    return VerificationAttempt.objects.create(**(values | fields))


def make_media(attempt: VerificationAttempt, kind: MediaKind, content: bytes, **fields) -> StoredMedia:
    """A stored file with true digests, its bytes in the private storage."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    values = {
        "state": MediaState.STORED,
        "declared_size": len(content),
        "declared_md5": md5,
        "size": len(content),
        "md5": md5,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": {MediaKind.BEST_FRAME: "image/jpeg", MediaKind.VIDEO: "video/mp4"}[kind],
        "stored_at": timezone.now(),
        "verified_at": timezone.now(),
    }
    media = StoredMedia(attempt=attempt, kind=kind, **(values | fields))
    storage = private_storage()
    part = storage.quarantine(media.path)
    part.write_bytes(content)
    storage.admit(part, media.path)
    media.file.name = media.path
    media.save()
    return media


def make_result(code="0", *, best_frame=b"frame", video=b"video", description="Success", **more) -> LivenessResult:
    """An answer of the vendor's, parsed like a real one; None leaves a file out."""
    files = {"BestFrame": best_frame, "Video": video}
    response = {
        "Result": code,
        "Description": description,
        "RequestId": str(uuid.uuid4()),
        **{name: _file(content) for name, content in files.items()},
        **more,
    }
    return parse_liveness_result(response)


def _file(content: bytes | None) -> dict[str, object] | None:
    if content is None:
        return None
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return {"Url": f"https://a.myqcloud.com/{md5}?q-signature=canary", "MD5": md5, "Size": len(content)}
