"""What an attempt or an answer says, in plain words for a person."""

from liveness.client.results import Meaning, explain
from liveness.models import Outcome, VerificationAttempt


def meaning_of(code: str) -> Meaning:
    """What one answer's result code says."""
    return explain(code)


def reason_of(attempt: VerificationAttempt) -> str:
    """One sentence on why the attempt has its outcome; where there was no answer, what happened instead."""
    if attempt.is_answered:
        return explain(attempt.result_code).words
    if attempt.outcome == Outcome.PENDING:
        return explain("").words
    return _sentence(attempt.last_error)


def group_of(attempt: VerificationAttempt) -> str:
    """The kind of answer, like "Suspected attack"; empty without an answer."""
    return explain(attempt.result_code).group.label if attempt.is_answered else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
