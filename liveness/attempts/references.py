"""Subject references as people write them: names in every script, without what could make two look the same.

Kept: letters, marks and emoji of all scripts; the joiners ZWNJ and ZWJ between two characters that are not ASCII, where
Persian, Sinhala and joined emoji need them. Every kind of blank becomes one space. Removed: invisible characters that
copied text often carries and that change no word. Refused: control characters, characters that turn the direction of
the text round them ("Trojan Source", CVE-2021-42574), other invisible format characters, lone surrogates, and U+FFFD,
which is what is left of a character that an earlier conversion lost.
"""

import re
import unicodedata

from liveness.exceptions import RegistrationError

REFERENCE_LENGTH = 128
# Soft hyphen, Arabic letter mark, zero-width space, direction marks, word joiner, zero-width no-break space.
INVISIBLE = dict.fromkeys([0x00AD, 0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF])
JOINERS = "\u200c\u200d"
REPEATED_JOINER = re.compile(f"([{JOINERS}])[{JOINERS}]+")
STRAY_JOINER = re.compile(rf"(?<![^\x00-\x7f\s])[{JOINERS}]|[{JOINERS}](?![^\x00-\x7f\s])")
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LOST = "\ufffd"
# How Python marks a byte that it could not decode, https://peps.python.org/pep-0383/.
NOT_UTF8 = range(0xDC80, 0xDD00)
KINDS = {"Cc": "a control character", "Cs": "half of a character", "Cf": "an invisible format character"}


def clean(text: str) -> str:
    """The reference as it is stored. Raises RegistrationError."""
    kept = text.strip().translate(INVISIBLE)
    kept = STRAY_JOINER.sub("", REPEATED_JOINER.sub(r"\1", kept))
    for place, character in enumerate(kept, start=1):
        if kind := _forbidden(character):
            raise RegistrationError(f"the subject reference holds {kind}; correct its character {place}")
    kept = " ".join(kept.split())
    if not 1 <= len(kept) <= REFERENCE_LENGTH:
        raise RegistrationError(f"the subject reference must be 1 to {REFERENCE_LENGTH} characters")
    return kept


def _forbidden(character: str) -> str | None:
    """What is wrong with the character; None for one that may stay."""
    if character.isascii() and character.isprintable():
        return None
    if character in BIDI_CONTROLS:
        return "a character that reverses the text around it"
    if ord(character) in NOT_UTF8:
        return "a byte in another encoding than UTF-8"
    if character == LOST:
        return "the mark of a character that an earlier conversion lost"
    if _is_noncharacter(ord(character)):
        return "a code that is no character"
    return None if character in JOINERS else KINDS.get(unicodedata.category(character))


def _is_noncharacter(code: int) -> bool:
    """Unicode 15, section 23.7. Codes that are merely unassigned here may be newer than this Python."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
