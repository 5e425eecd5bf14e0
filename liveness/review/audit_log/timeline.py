"""A subject's attempts in the order of time, as one person may see them: what came of each, and what they share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness import presentation
from liveness.access import access_policy
from liveness.models import MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.presentation import Row
from liveness.review import access
from liveness.review.audit_log.histories import DONE, Text, disputes, is_hidden, relation, symbol_of, words_of
from liveness.review.due_time import span
from liveness.review.models import Claim, Decision, DecisionOutcome, Note, Review, Stage
from liveness.review.reasons import catalogue

MOST = 200
# Files of other subjects. Nobody has so many twins, but a test file may.
MOST_TWINS = 1000
FEW = 3
PENDING, IN_FORCE = gettext_lazy("waits for a second person"), gettext_lazy("in force")


@dataclass(frozen=True)
class Verdict:
    """One decision, and its standing in words; `symbol` is the icon that goes with `words`."""

    decision: Decision
    symbol: str
    words: Text
    reasons: list[Text]
    is_in_force: bool
    standing: Text


@dataclass(frozen=True)
class Twins:
    """The first few attempts that share a file with one, of the same subject or of others, and how many more do."""

    few: Sequence[VerificationAttempt]
    more: int


@dataclass(frozen=True)
class Stop:
    """One attempt. `gap` is the time since the one before; `notes` is None for a person who may not read them.

    `repeats` are this subject's other attempts with the same file, `strangers` those of other subjects.
    """

    row: Row
    review: Review | None
    gap: str
    verdicts: list[Verdict]
    holder: str
    notes: int | None
    repeats: Twins
    strangers: Twins


@dataclass(frozen=True)
class Timeline:
    """The stops, the oldest first; `is_cut` if there were more, older ones."""

    stops: list[Stop]
    counts: list[tuple[Text, int]]
    is_cut: bool

    @property
    def length(self) -> str:
        """The time from the first attempt to the last."""
        first, last = self.stops[0].row.attempt, self.stops[-1].row.attempt
        return span(last.issued_at - first.issued_at)


def timeline(subject: str, person: AbstractUser, now: datetime) -> Timeline:
    """The attempts of this subject reference that may appear before this person, at most the newest 200."""
    attempts = access_policy().visible_attempts(person).filter(subject_reference=subject)
    newest = presentation.with_media(attempts.select_related("review__proposal").order_by("-id"), person)
    found = list(newest[: MOST + 1])
    shown = sorted(found[:MOST], key=lambda attempt: (attempt.issued_at, attempt.pk))
    gaps = ["", *(span(later.issued_at - earlier.issued_at) for earlier, later in pairwise(shown))]
    verdicts, holders = _verdicts(shown, person), _holders(shown, now)
    notes, twins = _notes(shown, person), _twins(shown, subject, person)
    stops = [
        Stop(
            row,
            getattr(row.attempt, "review", None),
            gap,
            verdicts[row.attempt.pk],
            holders.get(row.attempt.pk, ""),
            None if notes is None else notes.get(row.attempt.pk, 0),
            *twins[row.attempt.pk],
        )
        for row, gap in zip(presentation.rows(shown), gaps, strict=True)
    ]
    return Timeline(stops, _counts(shown), is_cut=len(found) > MOST)


def _counts(attempts: Iterable[VerificationAttempt]) -> list[tuple[Text, int]]:
    outcomes = [attempt.outcome for attempt in attempts]
    return [(outcome.label, count) for outcome in Outcome if (count := outcomes.count(outcome))]


def _verdicts(attempts: Sequence[VerificationAttempt], person: AbstractUser) -> Mapping[int, list[Verdict]]:
    found: defaultdict[int, list[Verdict]] = defaultdict(list)
    if not access.may(person, "view_decision"):
        return found
    made = Decision.objects.filter(review__in=[attempt.pk for attempt in attempts])
    decisions = access.without(access.hidden_decisions(person), made)
    for decision in decisions.select_related("maker", "review__proposal", "proposal").order_by("review", "sequence"):
        found[decision.review_id].append(_verdict(decision, hides=is_hidden(decision.review, person)))
    return found


def _verdict(decision: Decision, *, hides: bool) -> Verdict:
    """`hides`: an older disagreement would tell of a proposal that has to stay unknown."""
    reasons = catalogue().labels(decision.reasons, decision.reasons_version)
    is_in_force = decision.pk == decision.review.decision_id
    is_pending = decision.pk == decision.review.proposal_id
    standing = PENDING if is_pending else IN_FORCE if is_in_force else _standing(decision, hides)
    words = DONE[DecisionOutcome(decision.outcome)] if hides else words_of(decision)
    symbol = decision.outcome if hides else symbol_of(decision)
    return Verdict(decision, symbol, words, reasons, is_in_force, standing)


def _standing(decision: Decision, hides: bool) -> Text:
    """What to say of a decision that neither waits nor is in force."""
    if decision.stage == Stage.SECOND:
        return relation(decision) if disputes(decision) and not hides else _("as second person")
    is_verdict = decision.outcome not in (DecisionOutcome.ESCALATE, DecisionOutcome.WITHDRAWN)
    return _("not in force") if is_verdict else ""


def _holders(attempts: Sequence[VerificationAttempt], now: datetime) -> dict[int, str]:
    claims = Claim.objects.standing(now).filter(review__in=[attempt.pk for attempt in attempts])
    return {claim.review_id: claim.holder.get_username() for claim in claims.select_related("holder")}


def _notes(attempts: Sequence[VerificationAttempt], person: AbstractUser) -> dict[int, int] | None:
    if not access.may(person, "view_note"):
        return None
    written = Note.objects.filter(review__in=[attempt.pk for attempt in attempts])
    notes = access.without(access.hidden_notes(person), written)
    return dict(notes.order_by().values_list("review").annotate(Count("pk")))


def _twins(
    attempts: Sequence[VerificationAttempt], subject: str, person: AbstractUser
) -> dict[int, tuple[Twins, Twins]]:
    """Who shares a file with each attempt. The same MD5 finds every equal SHA-256 too: see `services.twins`."""
    files = {attempt.pk: [file.declared_md5 for file in _files(attempt)] for attempt in attempts}
    own: defaultdict[str, list[VerificationAttempt]] = defaultdict(list)
    others: defaultdict[str, list[VerificationAttempt]] = defaultdict(list)
    for attempt in attempts:
        for md5 in files[attempt.pk]:
            own[md5].append(attempt)
    for md5, attempt in _elsewhere(set(own), files, person):
        if attempt.subject_reference != subject:
            others[md5].append(attempt)
    return {pk: (_few(own, md5s, pk), _few(others, md5s, pk)) for pk, md5s in files.items()}


def _few(owners: Mapping[str, Sequence[VerificationAttempt]], md5s: Iterable[str], attempt_id: int) -> Twins:
    found = {each.pk: each for md5 in md5s for each in owners.get(md5, ()) if each.pk != attempt_id}
    return Twins(list(found.values())[:FEW], max(len(found) - FEW, 0))


def _files(attempt: VerificationAttempt) -> list[StoredMedia]:
    media: list[StoredMedia] = attempt.visible_media  # type: ignore[attr-defined]
    return [file for file in media if file.declared_md5 and file.state != MediaState.ABSENT]


def _elsewhere(md5s: set[str], shown: Iterable[int], person: AbstractUser) -> Iterable[tuple[str, VerificationAttempt]]:
    """Attempts that are not shown, with the MD5 they share; two steps, because a join would read the whole table."""
    # SQLite uses the partial index only for a query that repeats its condition.
    same = StoredMedia.objects.filter(~Q(declared_md5=""), declared_md5__in=md5s).exclude(state=MediaState.ABSENT)
    others = same.exclude(attempt__in=list(shown)).order_by("declared_md5", "-id")
    pairs = list(others.values_list("declared_md5", "attempt_id")[:MOST_TWINS])
    visible = access_policy().visible_attempts(person).select_related("review")
    attempts = {attempt.pk: attempt for attempt in visible.filter(pk__in={attempt_id for _md5, attempt_id in pairs})}
    return ((md5, attempts[attempt_id]) for md5, attempt_id in pairs if attempt_id in attempts)
