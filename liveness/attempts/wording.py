"""What an attempt or an answer says, in plain words for a person."""

from liveness.client.results import Meaning, explain
from liveness.models import Outcome, VerificationAttempt

LONGEST_CODE = 48


def shown_code(code: str) -> str:
    """The vendor's code for a line of text: short, and with what nobody would see written out or in quotes."""
    text = "".join(letter if letter.isprintable() else _written_out(letter) for letter in code[:LONGEST_CODE])
    text += "…" if len(code) > LONGEST_CODE else ""
    return f"“{text}”" if code != code.strip(" ") else text


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


def counted(number: int, *, is_capped: bool = False) -> str:
    """A number of which no more than this was counted says so."""
    return f"{'more than ' if is_capped else ''}{number:,}"


def minutes(seconds: float) -> str:
    """A time left, in whole minutes, rounded down."""
    whole = int(seconds // 60)
    return "less than a minute" if whole < 1 else f"{whole} minute{'' if whole == 1 else 's'}"


def minutes_left(seconds: float) -> str:
    return f"{minutes(seconds)} left"


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
