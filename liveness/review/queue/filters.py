"""What part of the queue a page shows: a tab and filters, held in its address, so that a link is a view.

Every filter is answered by an index of Review, or by the few claims that stand; one that would have to read through a
million rows is not offered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liveness.models import Outcome
from liveness.review import access
from liveness.review.models import SETTLED, Claim, Review, ReviewQuerySet, ReviewState

Text = str | Promise
MINE = "mine"
WITH, LATE, HELD, FREE = "with", "late", "held", "free"
CLAIMABLE = (ReviewState.OPEN, ReviewState.PROPOSED, ReviewState.ESCALATED, ReviewState.LOST)


@dataclass(frozen=True)
class Filter:
    """One choice of the filter form; `label` names it, and `anything` stands for choosing nothing."""

    name: str
    label: Text
    anything: Text
    choices: Mapping[str, Text]


@dataclass(frozen=True)
class Tab:
    """One tab: `time` heads its column of times, and the last three say which other columns it has.

    `verdict` names the decision that is shown: the "proposal", the "decision" in force, or none.
    """

    name: str
    label: Text
    time: Text
    filters: tuple[Filter, ...]
    shows_state: bool = False
    shows_holder: bool = True
    verdict: str = ""

    @property
    def is_newest_first(self) -> bool:
        """Work comes in the order of its urgency, what is settled in that of its news."""
        return self.name in SETTLED


def _outcomes(*outcomes: Outcome) -> Filter:
    choices = {outcome.value: outcome.label for outcome in outcomes}
    return Filter("outcome", _("Outcome at the vendor"), _("Any outcome"), choices)


_VERDICTS = (Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN)
_SILENCES = (Outcome.EXPIRED, Outcome.INVALID)
_ANY = _outcomes(*_VERDICTS, *_SILENCES)
_SIGNALS = Filter("signals", _("Signals"), _("Flagged or not"), {WITH: _("Flagged"), "without": _("Not flagged")})
_DUE = Filter("due", _("Time"), _("Any time"), {LATE: _("Late")})
_HOLDER = Filter("holder", _("Holder"), _("Held or free"), {FREE: _("Free"), HELD: _("Held")})


def _tab(state: ReviewState, time: Text, *filters: Filter, **columns: Any) -> Tab:
    return Tab(state.value, state.label, time, filters, **columns)


TABS = {
    tab.name: tab
    for tab in (
        _tab(ReviewState.OPEN, _("Due"), _outcomes(*_VERDICTS), _SIGNALS, _DUE, _HOLDER),
        Tab(MINE, _("Mine"), _("Due"), (_ANY, _SIGNALS, _DUE), shows_state=True),
        _tab(ReviewState.PROPOSED, _("Due"), _ANY, _SIGNALS, _DUE, _HOLDER, verdict="proposal"),
        _tab(ReviewState.ESCALATED, _("Due"), _ANY, _SIGNALS, _DUE, _HOLDER),
        _tab(ReviewState.WAITING, _("Window"), _outcomes(Outcome.PENDING, *_VERDICTS), _SIGNALS, shows_holder=False),
        _tab(ReviewState.LOST, _("Lost"), _outcomes(*_SILENCES), _SIGNALS),
        _tab(ReviewState.DECIDED, _("Decided"), _ANY, _SIGNALS, shows_holder=False, verdict="decision"),
    )
}


@dataclass(frozen=True)
class View:
    """A tab with the filters that were chosen. Two views that show the same have the same `query`."""

    tab: Tab
    chosen: Mapping[str, str]

    @classmethod
    def parse(cls, data: QueryDict) -> "View":
        """The view that an address or a form names. What the tab does not offer is ignored."""
        tab = TABS.get(data.get("tab", ""), TABS[ReviewState.OPEN])
        asked = {filter_.name: data.get(filter_.name, "") for filter_ in tab.filters}
        return cls(tab, {each.name: asked[each.name] for each in tab.filters if asked[each.name] in each.choices})

    @property
    def query(self) -> str:
        """The query string that names this view."""
        return urlencode(dict(self.fields()))

    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and values, for the query string and for hidden fields of forms."""
        yield "tab", self.tab.name
        yield from self.chosen.items()

    def form(self) -> list[tuple[Filter, str]]:
        """Every filter of the tab with what was chosen of it."""
        return [(each, self.chosen.get(each.name, "")) for each in self.tab.filters]

    def narrow(self, reviews: ReviewQuerySet, person: access.Person, now: datetime) -> ReviewQuerySet:
        """Those of `reviews` that belong to this view."""
        reviews = self._held(reviews, now) if self.is_held else in_tab(reviews, self.tab.name, person)
        for name, value in self.chosen.items():
            reviews = reviews.filter(_condition(name, value, now))
        return reviews

    @property
    def is_held(self) -> bool:
        return self.chosen.get(_HOLDER.name) == HELD

    def to_claim_from(self, person: access.Person) -> "View | None":
        """Where this person may claim the next review: here, or else in all that is to review; None if in neither."""
        if _may_claim_in(self.tab.name, person):
            return View(self.tab, {name: value for name, value in self.chosen.items() if value != HELD})
        return View(TABS[ReviewState.OPEN], {}) if _may_claim_in(ReviewState.OPEN, person) else None

    def _held(self, reviews: ReviewQuerySet, now: datetime) -> ReviewQuerySet:
        # By way of the claims, which are few; the state, asked for beside them, would lead through all of the tab.
        here = Review.objects.filter(pk=OuterRef("review"), state=self.tab.name)
        return reviews.filter(pk__in=Claim.objects.standing(now).filter(Exists(here)).values("review"))


def in_tab(reviews: ReviewQuerySet, tab: str, person: access.Person) -> ReviewQuerySet:
    """The reviews of one tab; the person's own are those that he claims, whatever their state."""
    if tab == MINE:
        return reviews.filter(claims__holder=person.pk, claims__ended_at__isnull=True)
    return reviews.filter(state=tab)


def _condition(name: str, value: str, now: datetime) -> Q:
    if name == "outcome":
        return Q(outcome=value)
    if name == "signals":
        return Q(is_flagged=value == WITH)
    if name == "due":
        return Q(queue_at__lt=now)
    if value == FREE:
        return Q(~Exists(Claim.objects.standing(now).filter(review=OuterRef("pk"))))
    return Q()


def _may_claim_in(tab: str, person: access.Person) -> bool:
    return tab in CLAIMABLE and not access.why_not_claim(person, Review(state=tab))


def page_of(public_id: UUID, view: View) -> str:
    """The address of the workspace, which remembers the view of the queue that it was reached from."""
    return f"{reverse('liveness_review:workspace', args=[public_id])}?{view.query}"
