"""The keys of the audit chain: the one that this process writes with, and those that it was written with before.

Without LIVENESS_AUDIT_KEY the key is derived from SECRET_KEY. Previous keys are those of LIVENESS_AUDIT_KEY_PREVIOUS,
and the keys derived from SECRET_KEY and SECRET_KEY_FALLBACKS: setting LIVENESS_AUDIT_KEY later, or a new SECRET_KEY,
is a change of the key like any other.
"""

import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes

from liveness.app_settings import app_settings

FINGERPRINT_TEXT = b"liveness.audit.key"


def current() -> bytes:
    """The key that this process writes with."""
    return app_settings.AUDIT_KEY.encode() if app_settings.AUDIT_KEY else _derived(settings.SECRET_KEY)


def previous() -> list[bytes]:
    """The keys that may have written earlier parts of the chain, without the current one."""
    named = app_settings.AUDIT_KEY_PREVIOUS
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *named]
    found = [*_spellings(filter(None, [app_settings.AUDIT_KEY, *named])), *map(_derived, _spellings(secrets))]
    return [key for key in dict.fromkeys(found) if key != current()]


def fingerprint(key: bytes) -> str:
    """The name of a key in the chain: it tells keys apart and gives none away."""
    return hmac.new(key, FINGERPRINT_TEXT, hashlib.sha256).hexdigest()


def name() -> str:
    """The current key in the words of an operator."""
    if app_settings.AUDIT_KEY:
        return "LIVENESS_AUDIT_KEY"
    return "The audit key derived from SECRET_KEY (LIVENESS_AUDIT_KEY is not set)"


def _spellings(secrets: Iterable[str | bytes]) -> list[bytes]:
    """A secret that was read from a file may have been used with the line's end."""
    return [force_bytes(secret) + end for secret in secrets for end in (b"", b"\n", b"\r\n")]


def _derived(secret: str | bytes) -> bytes:
    return salted_hmac("liveness.audit", "key", secret=secret, algorithm="sha256").digest()
