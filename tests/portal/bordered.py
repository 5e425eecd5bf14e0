"""Attempts on both sides of a policy's border, and how to visit every address of the portal with their ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from liveness.audit import Actor
from liveness.models import AuditEvent, BulkKind, MediaKind, Outcome, VerificationAttempt
from liveness.review.claims import claims
from liveness.review.decisions import notes
from liveness.review.models import Notice, SavedView
from liveness.review.policy import ESCALATE, REJECT
from liveness.worker import bulk_actions
from tests.builders import make_attempt, make_media
from tests.liveness.review.working import decide, in_step, make_supervisor

OURS, THEIRS = "ap-singapore", "ap-guangzhou"
# So many that no number of ours is theirs by chance.
MANY = 41
SHARED = b"the very same file"
SUBJECT, SECRET_SUBJECT = "OURS-1", "THEIRS-7731"
CONVERTERS = re.compile(r"<(?:uuid:public_id|path:object_id|int:object_id|int:pk|id)>")


@dataclass
class Side:
    """What exists on one side: records by the name that addresses have for them, and every text that gives it away."""

    records: dict[str, object] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)

    def names(self, *ids) -> None:
        for each in ids:
            text = str(each)
            self.marks |= {text, text.replace("-", ""), text[:8]} if "-" in text else {text}


def make_side(region: str, subject: str, first_pk: int) -> Side:
    """A subject's attempt with files that both sides share, decided; one escalated, one held; and a note."""
    side, maker = Side(), make_supervisor()
    attempts = [
        make_attempt(id=first_pk + number, region=region, outcome=Outcome.PASSED, subject_reference=reference)
        for number, reference in enumerate((SUBJECT, subject, subject))
    ]
    files = [make_media(attempt, MediaKind.BEST_FRAME, SHARED) for attempt in attempts]
    for file in files:
        file.thumbnail.name = file.path + ".jpg"
        Path(file.thumbnail.path).write_bytes(b"small")
        file.save()
    reviews = [in_step(attempt) for attempt in attempts]
    decisions = [
        decide(reviews[0], maker, REJECT, internal_note=f"{region} decided"),
        decide(reviews[1], maker, ESCALATE),
    ]
    claim = claims.claim(reviews[2], person=maker, now=timezone.now())
    note = notes.write(reviews[0], f"{region} noted", author=maker, now=timezone.now())
    side.names(*(attempt.public_id for attempt in attempts), *(file.public_id for file in files))
    side.names(*(decision.public_id for decision in decisions), claim.public_id)
    side.names(*(attempt.sdk_token for attempt in attempts))
    side.marks |= {f"{region} decided", f"{region} noted", subject} - {SUBJECT}
    side.records = {
        "attempts": attempts[0].public_id,
        "media": files[0].public_id,
        "verificationattempt": attempts[0].pk,
        "storedmedia": files[0].pk,
        "review": attempts[0].pk,
        "decision": decisions[0].pk,
        "claim": claim.pk,
        "note": note.pk,
        "auditevent": AuditEvent.objects.filter(object_id=str(attempts[0].public_id)).latest("sequence").sequence,
        "user": maker.pk,
        "group": Group.objects.order_by("pk")[0].pk,
        "views": SavedView.objects.create(owner=maker, name="late", is_shared=True).pk,
        "notices": 1,
    }
    return side


def make_both(visitor) -> tuple[Side, Side]:
    """Our side and theirs. The visitor was once on their side: notices and a look there remain."""
    ours, theirs = make_side(OURS, SUBJECT, 101), make_side(THEIRS, SECRET_SUBJECT, 770_001)
    for number in range(MANY):
        in_step(
            make_attempt(id=880_001 + number, region=THEIRS, outcome=Outcome.PASSED, subject_reference=f"T-{number}")
        )
    # The key of the first is typed by the visitor, and the admin says that there is none.
    theirs.marks |= {str(number) for number in (*range(770_002, 770_004), *range(880_001, 880_001 + MANY))}
    for side, number in ((ours, 101), (theirs, 770_001)):
        notice = Notice.objects.create(
            person=visitor, review_id=number, kind=Notice.Kind.DISAGREED, created_at=timezone.now()
        )
        side.records["notices"] = notice.pk
    ours.records["bulkaction"] = bulk(visitor, SUBJECT, region=OURS)
    theirs.records["bulkaction"] = bulk(make_supervisor(), SECRET_SUBJECT)
    return ours, theirs


def bulk(person, text: str, **wanted) -> int:
    """The key of a bulk action that a person started after a search for this text."""
    rows, actor = VerificationAttempt.objects.filter(**wanted), Actor.user(person)
    started = {"actor": actor, "now": timezone.now(), "filters": f"search: {text}"}
    return bulk_actions.start(BulkKind.REFRESH, rows, **started).pk


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def address(route: str, records: dict) -> str:
    """The route with the record that it is about. An address that has parts unknown here is an error."""
    record = next((key for name, key in records.items() if f"/{name}/" in route.removeprefix("/review")), 1)
    if route.startswith("/review/<uuid"):
        record = records["attempts"]
    filled = CONVERTERS.sub(str(record), route)
    act = "refresh_now" if "verificationattempt" in route else "verify_media"
    filled = filled.replace("<slug:name>", act).replace("<path:content_type_id>", "1")
    filled = re.sub(r"\^\(\?P<app_label>.*?\)/\$", "liveness/", filled).replace("(?P<url>.*)$", "nothing/here/")
    assert not re.search(r"[<>(?^$]", filled), f"fill the address {route} here, and look for what it tells"
    return filled


def make_person(name: str, staff_roles):
    if name == "superuser":
        return get_user_model().objects.create_superuser("visitor")
    person = get_user_model().objects.create_user("visitor", is_staff=name in staff_roles)
    person.groups.set(Group.objects.filter(name=name))
    return person
