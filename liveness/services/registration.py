"""What may be registered: the form of a token, a subject reference and a region, and times of issue that can be."""

import re
from datetime import UTC, datetime, timedelta

from liveness.client import faceid
from liveness.exceptions import RegistrationError

REGIONS = faceid.REGIONS
TOKEN_FORM = re.compile(r"[A-Za-z0-9._~+/=:-]{8,128}")
REFERENCE_LENGTH = 128
CLOCK_TOLERANCE = timedelta(minutes=5)
# The vendor's API is of 2018-03-01: an earlier issue is a slip of the pen.
FIRST_ISSUE = datetime(2018, 3, 1, tzinfo=UTC)


def check(token: str, reference: str, issued_at: datetime, region: str, now: datetime) -> None:
    """Raises RegistrationError with what to correct."""
    if not TOKEN_FORM.fullmatch(token):
        raise RegistrationError("the token must be 8 to 128 letters, digits or -._~+/=: without spaces")
    if not reference.strip() or len(reference) > REFERENCE_LENGTH or not reference.isprintable():
        raise RegistrationError(f"the subject reference must be 1 to {REFERENCE_LENGTH} printable characters")
    if region not in REGIONS:
        raise RegistrationError(f"the region must be one of {', '.join(REGIONS)}")
    if issued_at < FIRST_ISSUE:
        raise RegistrationError("issued_at lies before 2018, when there were no such tokens; check the year")
    if issued_at > now + CLOCK_TOLERANCE:
        raise RegistrationError("issued_at lies in the future; give it with its UTC offset, like 2026-01-31T09:30:00Z")
