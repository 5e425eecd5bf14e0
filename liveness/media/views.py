"""The one door to media: policy, then the audit event, then the bytes. Whatever fails on the way, nothing is sent."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness import audit, conditions
from liveness.access import access_policy
from liveness.audit import Actor
from liveness.exceptions import ChainError
from liveness.media import access_log
from liveness.media.access_log import Availability
from liveness.media.responses import Evidence, deliver, refusal
from liveness.models import MediaKind, StoredMedia
from liveness.web.logs import log_outage

SUFFIXES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
}
UNKNOWN_TYPE = "application/octet-stream"
# What an <img>, a <video> and a fetch() of our own pages send (W3C Fetch Metadata).
EMBEDDING = frozenset({"image", "video", "empty"})

View = Callable[[HttpRequest, UUID], HttpResponseBase]


def door(view: View) -> View:
    """Let anonymous requests reach the policy, which answers them 404, and fail closed when the database does."""

    @wraps(view)
    def guarded(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
        try:
            return view(request, public_id)
        except (DatabaseError, InterfaceError, ChainError) as failure:
            # No event, no bytes: a look that nobody could account for later does not happen.
            return _unrecorded(request, failure)

    public: View = login_not_required(guarded)
    return public


@door
@require_safe
def media(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The picture or the video, for an <img> or <video> of our own pages."""
    file = _file(request, public_id)
    if file is None or not access_policy().may_view(request.user, file):
        return _refused(request, public_id)
    if not file.is_viewable:
        return _absent()
    if not _is_embedded(request):
        return _standing_alone(request, file)
    # What a page fetches ahead nobody has seen yet: the look is recorded when the picture itself is asked for.
    return _pass(request, file, audit.MEDIA_PREFETCHED if _is_prefetch(request, file) else audit.MEDIA_VIEWED)


@door
@require_safe
def media_thumbnail(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The small picture of a best frame, for lists."""
    file = _file(request, public_id)
    if file is None or not access_policy().may_preview(request.user, file):
        return _refused(request, public_id)
    if not file.is_viewable or not file.thumbnail:
        return _absent()
    if not _is_embedded(request):
        return _standing_alone(request, file)
    _look(request, file, audit.MEDIA_PREVIEWED)
    return _send(request, file, file.thumbnail, "image/jpeg")


@door
@csrf_protect
@require_POST
def media_download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The file to keep. It is posted, so that nothing but a person's click in our page takes evidence out."""
    file = _file(request, public_id)
    if file is None or not access_policy().may_download(request.user, file):
        return _refused(request, public_id)
    if not file.file:
        return _absent()
    return _pass(request, file, audit.MEDIA_DOWNLOADED)


def _unrecorded(request: HttpRequest, failure: Exception) -> HttpResponseBase:
    outage = conditions.explain(failure)
    log_outage(request, outage, failure)
    if outage and not outage.kind.passes:
        text = _("The access cannot be recorded, so the file is not shown. An operator has to look into it.")
        return refusal(503, f"{text} {outage.text}")
    response = refusal(503, _("The access cannot be recorded now. Try again in a moment."))
    response.headers["Retry-After"] = "5"
    return response


def _file(request: HttpRequest, public_id: UUID) -> StoredMedia | None:
    """The file, where it may appear before this person.

    One query for all of that: a file that does not exist and one that this person may not know of run the same
    statements, so that neither the time nor the database's log tells them apart.
    """
    return access_policy().visible_media(request.user).filter(public_id=public_id).first()


def _actor(request: HttpRequest) -> Actor:
    return Actor.user(request.user)


def _is_embedded(request: HttpRequest) -> bool:
    site, destination = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Sec-Fetch-Dest"))
    return site in (None, "same-origin") and (destination is None or destination in EMBEDDING)


def _is_prefetch(request: HttpRequest, file: StoredMedia) -> bool:
    """Only our own script's fetch of a picture counts; whatever else claims to prefetch has looked."""
    if file.kind != MediaKind.BEST_FRAME or request.headers.get("Sec-Fetch-Dest") != "empty":
        return False
    purposes = (request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose"))
    return any(purpose.partition(";")[0].strip().lower() == "prefetch" for purpose in purposes)


def _refused(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The same answer and the same record for a file that does not exist and one that this person may not know of."""
    access_log.record_refusal(public_id, actor=_actor(request))
    return _absent()


def _absent() -> HttpResponseBase:
    return refusal(404, _("Not found."))


def _standing_alone(request: HttpRequest, file: StoredMedia) -> HttpResponseBase:
    access_log.record_look(file, audit.MEDIA_REFUSED, actor=_actor(request), now=timezone.now())
    return refusal(403, _("This file opens only inside its page."))


def _look(request: HttpRequest, file: StoredMedia, action: str) -> None:
    """Record it, unless only the headers were asked for: nobody sees a face in those."""
    if request.method != "HEAD":
        access_log.record_look(file, action, actor=_actor(request), now=timezone.now())


def _pass(request: HttpRequest, file: StoredMedia, action: str) -> HttpResponseBase:
    there = access_log.availability(file, actor=_actor(request))
    if there is not Availability.AT_HAND:
        return _not_at_hand(there)
    _look(request, file, action)
    content_type = UNKNOWN_TYPE if file.flaw else file.content_type
    return _send(request, file, file.file, content_type, etag=f'"{file.sha256}"')


def _send(
    request: HttpRequest, file: StoredMedia, stored: FieldFile, content_type: str, *, etag: str = ""
) -> HttpResponseBase:
    if content_type not in SUFFIXES:
        content_type = UNKNOWN_TYPE
    suffix = SUFFIXES.get(content_type, "bin")
    try:
        evidence = Evidence(
            path=Path(stored.path),
            storage_name=stored.name or "",
            size=stored.size,
            content_type=content_type,
            filename=f"{file.kind}-{file.public_id.hex[:8]}.{suffix}",
            etag=etag,
        )
        return deliver(request, evidence)
    except OSError as problem:
        return _not_at_hand(access_log.availability_of(problem))


def _not_at_hand(there: Availability) -> HttpResponseBase:
    if there is Availability.MISSING:
        return refusal(410, _("The file is missing from the storage. An operator has to look into it."))
    if there is Availability.DENIED:
        return refusal(503, _("The file cannot be read (permission). An operator has to correct its owner."))
    return refusal(503, _("The storage cannot be read now. An operator has to look into it."))
