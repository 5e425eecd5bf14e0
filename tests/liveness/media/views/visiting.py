"""The one door to media as tests knock at it: its addresses, its seals, and what it wrote down."""

from pathlib import Path

from liveness.models import AuditEvent, StoredMedia

CONTENT = bytes(range(256)) * 40
LOOK = ("view_verificationattempt", "view_storedmedia")
ABSENT = "/liveness/media/00000000-0000-4000-8000-000000000000/"
SEALS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def url(media, tail="") -> str:
    return f"/liveness/media/{media.public_id}/{tail}"


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def seals(response) -> dict[str, str]:
    return {name: response.headers.get(name) for name in SEALS}


def with_thumbnail(media, content=b"small") -> StoredMedia:
    media.thumbnail.name = media.path + ".jpg"
    Path(media.thumbnail.path).write_bytes(content)
    media.save()
    return media
