"""Reviews, claims, decisions and notes in the admin: facts that are read, never written."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.access import access_policy
from liveness.admin import related
from liveness.admin.dates import DateFilter
from liveness.admin.mixins import FactsAdmin, LookAheadChangeList
from liveness.admin.words import ATTEMPT, link
from liveness.models import VerificationAttempt
from liveness.review import access
from liveness.review.models import Claim, Decision, Note, Review
from liveness.review.requests import person_of
from liveness.templatetags.liveness import moment
from liveness.web import search
from liveness.web.search import as_uuid


class StateChangeList(LookAheadChangeList):
    """The reviews of one state in the order that their index has, all of them by the newest attempt."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return ["-queue_at", "-attempt_id"] if "state__exact" in self.params else ["-pk"]


class ReviewFactsAdmin(FactsAdmin):
    """What hangs on an attempt: shown where the attempt may be, and found by its id or token."""

    # How to get from the row to its attempt, and whether the row has an id of its own to be found by.
    attempt_id = "review_id"
    has_id = False
    search_help_text = gettext_lazy("Attempt id, token, or the id of this record, exactly.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        attempts = access_policy().visible_attempts(request.user).filter(pk=OuterRef(self.attempt_id))
        return super().get_queryset(request).filter(Exists(attempts))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One comparison with an index of its own."""
        public_id = as_uuid(search_term)
        if public_id is None:
            return (queryset.none() if search_term else queryset), False
        attempt = access_policy().visible_attempts(request.user).filter(public_id=public_id).first()
        if attempt:
            return queryset.filter(**{self.attempt_id: attempt.pk}), False
        return (queryset.filter(public_id=public_id) if self.has_id else queryset.none()), False

    def found_page(self, request: HttpRequest, text: str) -> str | None:
        """A token leads to its attempt's id: no token goes into an address."""
        attempt = search.find_token(access_policy().visible_attempts(request.user), text)
        if attempt:
            return f"{self._url('changelist')}?{urlencode({'q': str(attempt.public_id)})}"
        return super().found_page(request, text)

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, row: Any) -> str:
        return str(self.attempt_of(row).subject_reference)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The facts, and links to all that belongs to the same attempt."""
        row = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if row is not None:
            attempt = self.attempt_of(row)
            own = (_("Attempt"), reverse("admin:liveness_verificationattempt_change", args=[attempt.pk]))
            context["related"] = [own, *related.links(request.user, attempt)]
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    @admin.display(description=gettext_lazy("attempt"))
    def attempt_short(self, row: Any) -> SafeString:
        attempt = self.attempt_of(row)
        return link(ATTEMPT, attempt.pk, attempt.public_id.hex[:8])

    def attempt_of(self, row: Any) -> VerificationAttempt:
        attempt: VerificationAttempt = row.review.attempt
        return attempt


@admin.register(Review)
class ReviewAdmin(ReviewFactsAdmin):
    attempt_id = "attempt_id"
    list_display = ("subject", "attempt_short", "state", "outcome", "is_flagged", "due", "decision")
    list_filter = ("state",)
    list_select_related = ("attempt", "decision")
    fields = (
        *("attempt", "state", "outcome", "version", "evidence_digest", "signals"),
        *("queue_at", "ready_at", "due_at", "decision", "proposed"),
    )
    readonly_fields = ("proposed",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StateChangeList

    def attempt_of(self, row: Any) -> VerificationAttempt:
        attempt: VerificationAttempt = row.attempt
        return attempt

    @admin.display(description=gettext_lazy("due"))
    def due(self, review: Review) -> SafeString:
        return moment(review.due_at)

    @admin.display(description=gettext_lazy("pending proposal"))
    def proposed(self, review: Review) -> str:
        """Its id alone: what it says may have to stay unknown to whoever decides next."""
        return str(review.proposal.public_id) if review.proposal else "-"


class DecisionDateFilter(DateFilter):
    title = gettext_lazy("date decided")
    field = "decided_at"


@admin.register(Decision)
class DecisionAdmin(ReviewFactsAdmin):
    has_id = True
    list_display = ("subject", "attempt_short", "sequence", "stage", "outcome", "maker", "decided")
    list_filter = (DecisionDateFilter,)
    list_select_related = ("review__attempt", "maker")
    fields = (
        *("public_id", "review", "sequence", "stage", "outcome", "maker", "decided_at", "from_state", "version"),
        *("supersedes", "proposal", "needs_second", "is_blind", "reasons", "reasons_version"),
        *("internal_note", "subject_text", "vendor_outcome", "evidence_digest", "evidence", "seen"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what this person must not know while he may be the second person of a blind proposal."""
        return access.without(access.hidden_decisions(person_of(request)), super().get_queryset(request))

    @admin.display(description=gettext_lazy("decided"))
    def decided(self, decision: Decision) -> SafeString:
        return moment(decision.decided_at)


class ClaimDateFilter(DateFilter):
    title = gettext_lazy("date claimed")
    field = "claimed_at"


@admin.register(Claim)
class ClaimAdmin(ReviewFactsAdmin):
    has_id = True
    list_display = ("subject", "attempt_short", "holder", "claimed", "ended", "ending")
    list_filter = (ClaimDateFilter,)
    list_select_related = ("review__attempt", "holder")
    fields = ("public_id", "review", "holder", "claimed_at", "seen_at", "expires_at", "ended_at", "ending")

    @admin.display(description=gettext_lazy("claimed"))
    def claimed(self, claim: Claim) -> SafeString:
        return moment(claim.claimed_at)

    @admin.display(description=gettext_lazy("ended"))
    def ended(self, claim: Claim) -> SafeString:
        return moment(claim.ended_at)


class NoteDateFilter(DateFilter):
    title = gettext_lazy("date written")
    field = "written_at"


@admin.register(Note)
class NoteAdmin(ReviewFactsAdmin):
    list_display = ("subject", "attempt_short", "author", "written")
    list_filter = (NoteDateFilter,)
    list_select_related = ("review__attempt", "author")
    fields = ("review", "author", "written_at", "text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without those of people whose decisions must stay unknown for now."""
        return access.without(access.hidden_notes(person_of(request)), super().get_queryset(request))

    @admin.display(description=gettext_lazy("written"))
    def written(self, note: Note) -> SafeString:
        return moment(note.written_at)
