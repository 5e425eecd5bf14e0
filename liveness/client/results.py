"""The result-code dictionary: what the vendor's `Result` means for a reviewer.

The vendor publishes no table for GetLivenessResult. This one joins the lists of its sister calls
(GetFaceIdResultIntl, GetSdkVerificationResult, as revised on 2026-03-10) and the older table shared by the H5 and
SaaS products. A code in none of them is `unknown`: it needs a person and never becomes a pass or a fail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

DICTIONARY_VERSION = "2026-03-10"


class Outcome(StrEnum):
    """Our reading of one answer."""

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class Group(StrEnum):
    """What kind of answer a code is; `label` is for people."""

    PASSED = "passed"
    NOT_FINISHED = "not_finished"
    SUSPECTED_ATTACK = "suspected_attack"
    NOT_PROVEN = "not_proven"
    CAPTURE_QUALITY = "capture_quality"
    MISMATCH = "mismatch"
    PROVIDER_FAULT = "provider_fault"
    TOKEN = "token"  # noqa: S105
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return _LABELS[self]


@dataclass(frozen=True)
class Meaning:
    """What a result code says: outcome, group, and one plain sentence."""

    outcome: Outcome
    group: Group
    words: str


_LABELS = {
    Group.PASSED: "Passed",
    Group.NOT_FINISHED: "Not finished",
    Group.SUSPECTED_ATTACK: "Suspected attack",
    Group.NOT_PROVEN: "Live person not proven",
    Group.CAPTURE_QUALITY: "Poor picture or sound",
    Group.MISMATCH: "Different face",
    Group.PROVIDER_FAULT: "Fault at the provider",
    Group.TOKEN: "Token problem",
    Group.UNKNOWN: "Needs a person",
}

_UNKNOWN_CODE = Meaning(Outcome.UNKNOWN, Group.UNKNOWN, "Unknown code: needs a person.")

_TABLE: dict[tuple[Outcome, Group], dict[str, str]] = {
    (Outcome.PASSED, Group.PASSED): {"0": "The person was found to be live."},
    (Outcome.PENDING, Group.NOT_FINISHED): {
        "": "The check is not finished yet.",
        "-999": "The check is not finished yet.",
        "17": "The check is not finished yet.",
    },
    (Outcome.FAILED, Group.NOT_FINISHED): {
        "1409": "The check timed out before the person finished.",
        "1410": "The person left the check.",
    },
    (Outcome.FAILED, Group.SUSPECTED_ATTACK): {
        "1002": "The recording looks faked.",
        "1401": "The coloured light test failed: possibly a screen or a mask.",
    },
    (Outcome.FAILED, Group.NOT_PROVEN): {
        "16": "All allowed tries are used up.",
        "1003": "No live person was found in the video.",
        "1005": "The person was not found to be live.",
        "1301": "No live person was found.",
        "1302": "The proof of a live person was too weak.",
        "2011": "The face could not be matched to a live person.",
    },
    (Outcome.FAILED, Group.CAPTURE_QUALITY): {
        "1004": "No usable face was found.",
        "1101": "No sound was recorded.",
        "1102": "The face was not fully in view.",
        "1103": "The speech was not understood.",
        "1104": "The video has a wrong format.",
        "1105": "The video could not be fetched.",
        "1106": "The sound was too low.",
        "1107": "The video was empty or of a wrong length.",
        "1108": "The video was not sharp enough.",
        "1109": "The lips hardly moved.",
        "1201": "It was too dark, or too bright.",
        "1202": "The light was too strong.",
        "1203": "The face was too close.",
        "1204": "The face was too far to the right.",
        "1205": "The face was too far away.",
        "1206": "The face was too far to the left.",
        "1207": "The eyes were not closed when asked.",
        "1208": "The first movement was missing.",
        "1209": "The mouth was not opened when asked.",
        "1210": "The whole face was never in view.",
        "1303": "The video was shorter than two seconds.",
        "2004": "The picture was too large or too small.",
        "2009": "The picture was not sharp enough.",
        "2010": "No face to compare was found.",
        "2012": "More than one face was in view.",
        "2013": "No face, or not a whole face, was in view.",
        "2014": "The picture was too small or too poor.",
        "2017": "The face was covered.",
    },
    (Outcome.FAILED, Group.MISMATCH): {
        "2015": "The faces could not be matched.",
        "2016": "The faces are not alike enough.",
    },
    (Outcome.FAILED, Group.PROVIDER_FAULT): {
        "4": "The provider had an internal fault.",
        "8": "The provider could not save a file.",
        "9": "The provider met a wrong file format.",
        "10": "The provider's file store failed.",
        "11": "The provider's file store timed out.",
        "202": "The provider could not get the video.",
        "1001": "The provider's liveness engine failed.",
        "2001": "The provider's comparison engine failed.",
    },
    (Outcome.UNKNOWN, Group.UNKNOWN): {
        "1": "The provider missed a parameter: needs a person.",
        "2": "The provider refused a parameter: needs a person.",
        "3": "The provider could not read the request: needs a person.",
    },
    (Outcome.UNKNOWN, Group.TOKEN): {"14": "This check was already completed before: needs a person."},
    (Outcome.EXPIRED, Group.TOKEN): {"15": "The token expired before the check was finished."},
}


def _meanings() -> Iterator[tuple[str, Meaning]]:
    for (outcome, group), codes in _TABLE.items():
        for code, words in codes.items():
            yield code, Meaning(outcome, group, words)


_MEANINGS = dict(_meanings())


def explain(code: str) -> Meaning:
    """What the vendor's `Result` means. The code is compared as it stands: nothing is trimmed or converted."""
    return _MEANINGS.get(code, _UNKNOWN_CODE)
