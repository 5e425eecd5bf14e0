"""The review app's settings, read when used. Each property is one `LIVENESS_REVIEW_<NAME>` of the host project."""

from datetime import timedelta
from typing import Any

from django.conf import settings


class ReviewSettings:
    def _get(self, name: str, default: Any) -> Any:
        return getattr(settings, f"LIVENESS_REVIEW_{name}", default)

    @property
    def SLA(self) -> timedelta:
        """How long a review may wait for its decision; given in seconds."""
        return timedelta(seconds=self._get("SLA", 4 * 3600))

    @property
    def LEASE(self) -> timedelta:
        """How long a claim stands without a sign of life from its holder; given in seconds."""
        return timedelta(seconds=self._get("LEASE", 300))

    @property
    def UNDO(self) -> timedelta:
        """How long the person who decided may take it back; given in seconds."""
        return timedelta(seconds=self._get("UNDO", 30))

    @property
    def REASONS(self) -> str:
        """Dotted path of the catalogue of reason codes."""
        return str(self._get("REASONS", "liveness.review.reasons.CATALOGUE"))

    @property
    def SECOND_ON_OVERRIDE(self) -> bool:
        """Does a decision against the vendor's outcome need a second person."""
        return bool(self._get("SECOND_ON_OVERRIDE", True))

    @property
    def SECOND_ON_REASONS(self) -> frozenset[str]:
        """Reason codes that need a second person."""
        return frozenset(self._get("SECOND_ON_REASONS", ("attack.injection", "attack.deepfake", "policy.exception")))

    @property
    def SAMPLE(self) -> float:
        """Share of reviews, 0 to 1, that a second person decides blindly for quality's sake."""
        return float(self._get("SAMPLE", 0.05))

    @property
    def REQUIRE_OPENED(self) -> bool:
        """Must whoever approves have opened every file that can be shown, as the audit chain tells."""
        return bool(self._get("REQUIRE_OPENED", True))

    @property
    def MIN_PLAYED(self) -> float:
        """Share of the video, 0 to 1, that must have been played before an approval; needs JavaScript if not 0."""
        return float(self._get("MIN_PLAYED", 0.0))


review_settings = ReviewSettings()
