"""What may be registered: the form of a token, a subject reference and a region, and times of issue that can be."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from liveness.app_settings import app_settings
from liveness.attempts import references
from liveness.client import faceid
from liveness.exceptions import RegistrationError

REGIONS = faceid.REGIONS
TOKEN_FORM = re.compile(r"[A-Za-z0-9._~+/=:-]{8,128}")
REFERENCE_LENGTH = references.REFERENCE_LENGTH
CLOCK_TOLERANCE = timedelta(minutes=5)
# The vendor's API is of 2018-03-01: an earlier issue is a slip of the pen.
FIRST_ISSUE = datetime(2018, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Registration:
    """One token to register, checked. `is_region_given` is False where the region is the default one."""

    sdk_token: str
    subject_reference: str
    issued_at: datetime
    region: str
    is_region_given: bool = False
    is_finished: bool = False

    @property
    def expires_at(self) -> datetime:
        """The end of the window in which the vendor's answer can be read."""
        return self.issued_at + timedelta(seconds=app_settings.TOKEN_TTL)


def check(
    sdk_token: str,
    *,
    subject_reference: str,
    now: datetime,
    issued_at: datetime | None = None,
    region: str = "",
    is_finished: bool = False,
) -> Registration:
    """The registration as it is stored; without `issued_at` issued now. Raises RegistrationError: what to correct."""
    token, given, issued_at = sdk_token.strip(), region.strip(), issued_at or now
    if not TOKEN_FORM.fullmatch(token):
        raise RegistrationError("the token must be 8 to 128 letters, digits or -._~+/=: without spaces")
    reference = references.clean(subject_reference)
    if given and given not in REGIONS:
        raise RegistrationError(f"the region must be one of {', '.join(REGIONS)}")
    if not given and app_settings.REGION not in REGIONS:
        raise RegistrationError(f"LIVENESS_REGION must be one of {', '.join(REGIONS)}")
    _check_time(issued_at, now)
    return Registration(token, reference, issued_at, given or app_settings.REGION, bool(given), is_finished)


def check_window(registration: Registration, now: datetime) -> None:
    """Raises RegistrationError when the vendor's answer cannot be read any more. A known token needs no such check."""
    if app_settings.TOKEN_TTL <= 0:
        raise RegistrationError("LIVENESS_TOKEN_TTL must be more than 0 seconds")
    if now >= registration.expires_at:
        closed = registration.expires_at.astimezone(UTC)
        raise RegistrationError(
            f"the token's window closed on {closed:%Y-%m-%d at %H:%M:%S} UTC, so its result can no longer be read; "
            "check issued_at and its UTC offset"
        )


def is_same_subject(stored: str, reference: str) -> bool:
    """Is `reference` that of the `stored` one, which may be older than the rules of today?"""
    try:
        return stored == reference or references.clean(stored) == reference
    except RegistrationError:
        return False


def _check_time(issued_at: datetime, now: datetime) -> None:
    if issued_at < FIRST_ISSUE:
        raise RegistrationError("issued_at lies before 2018, when there were no such tokens; check the year")
    if issued_at > now + CLOCK_TOLERANCE:
        raise RegistrationError("issued_at lies in the future; check its UTC offset, like 2026-01-31T09:30:00Z")
