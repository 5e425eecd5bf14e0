"""The catalogue of reason codes.

A decision keeps its codes and the version of the catalogue, so a label that changes later never changes what somebody
said. Whoever changes a reason adds a version; those that were used stay. A host names its own catalogue in
`LIVENESS_REVIEW_REASONS`. The attack species follow ISO/IEC 30107-3, and CEN/TS 18099 for injection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from liveness.review import policy
from liveness.review.app_settings import review_settings
from liveness.review.models import DecisionOutcome

Text = str | Promise
APPROVE, REJECT = DecisionOutcome.APPROVE, DecisionOutcome.REJECT
RETRY, ESCALATE = DecisionOutcome.RETRY, DecisionOutcome.ESCALATE


@dataclass(frozen=True)
class Reason:
    """One code and the outcomes that it can stand for; `is_against_vendor` only where the vendor is contradicted."""

    code: str
    label: Text
    group: Text
    outcomes: frozenset[DecisionOutcome]
    is_against_vendor: bool = False

    def fits(self, outcome: str, vendor_outcome: str) -> bool:
        """Can it be given for this outcome beside this verdict of the vendor?"""
        return outcome in self.outcomes and (not self.is_against_vendor or _may_contradict(outcome, vendor_outcome))


@dataclass(frozen=True)
class Catalogue:
    """All versions of the reasons, the newest of which is offered."""

    versions: Mapping[int, tuple[Reason, ...]]

    @property
    def version(self) -> int:
        return max(self.versions)

    @property
    def current(self) -> tuple[Reason, ...]:
        return self.versions[self.version]

    def allowed(self, outcome: str, vendor_outcome: str = "") -> set[str]:
        """The codes that may be given for this outcome beside this verdict of the vendor, or beside none."""
        return {reason.code for reason in self.current if reason.fits(outcome, vendor_outcome)}

    def labels(self, codes: Iterable[str], version: int) -> list[Text]:
        """What these codes of that version said; a code that no version knows stands for itself."""
        known = {reason.code: reason.label for reason in self.versions.get(version, ())}
        return [known.get(code, code) for code in codes]


def _may_contradict(outcome: str, vendor_outcome: str) -> bool:
    """Whoever escalates may do so because of a doubt about any verdict."""
    is_doubt = outcome == ESCALATE and vendor_outcome in (policy.PASSED, policy.FAILED)
    return is_doubt or policy.is_override(vendor_outcome, outcome)


def _reasons(
    group: Text, outcomes: Iterable[DecisionOutcome], labels: Mapping[str, Text], *, is_against_vendor: bool = False
) -> tuple[Reason, ...]:
    return tuple(Reason(code, label, group, frozenset(outcomes), is_against_vendor) for code, label in labels.items())


CATALOGUE = Catalogue(
    {
        1: (
            *_reasons(
                _("Attack"),
                (REJECT, ESCALATE),
                {
                    "attack.print": _("Printed photo"),
                    "attack.screen": _("Screen replay"),
                    "attack.mask": _("Mask"),
                    "attack.injection": _("Injected video"),
                    "attack.deepfake": _("Deepfake"),
                    "attack.other": _("Another attack"),
                },
            ),
            *_reasons(
                _("Capture quality"),
                (REJECT, RETRY, ESCALATE),
                {
                    "quality.blurred": _("Blurred"),
                    "quality.light": _("Too dark or too bright"),
                    "quality.covered": _("Face covered or cut off"),
                    "quality.people": _("More than one person"),
                    "quality.incomplete": _("Evidence missing or unplayable"),
                },
            ),
            *_reasons(
                _("Policy"),
                (APPROVE, REJECT, ESCALATE),
                {"policy.vendor_wrong": _("The evidence contradicts the vendor")},
                is_against_vendor=True,
            ),
            *_reasons(_("Policy"), (APPROVE, REJECT, ESCALATE), {"policy.exception": _("Exception granted")}),
            *_reasons(
                _("Policy"),
                (REJECT, ESCALATE),
                {
                    "policy.seen_before": _("File or face of another subject"),
                    "policy.coerced": _("The person seems to be coerced"),
                },
            ),
            *_reasons(_("Policy"), (ESCALATE,), {"policy.doubt": _("In doubt")}),
        )
    }
)


def catalogue() -> Catalogue:
    """The catalogue that the settings name."""
    named: Catalogue = import_string(review_settings.REASONS)
    return named
