"""Numbers in words, the way the dashboard says them: exact, short, and never rounder than the truth."""

from datetime import timedelta
from math import sqrt

from django.utils.formats import number_format
from django.utils.translation import gettext as _

NOTHING = "\N{EN DASH}"
# 95 in 100.
Z = 1.96


def number(value: float, places: int = 0) -> str:
    """Like "12,345"."""
    return number_format(value, places, force_grouping=True)


def capped(count: int, most: int) -> str:
    """A count that stopped at `most` says so."""
    return number(count) if count < most else f"{number(most)}+"


def share(part: int, whole: int) -> str:
    """Like "98.3%". All and nothing are said only of all and nothing."""
    if whole <= 0:
        return NOTHING
    percent = round(100 * part / whole, 1)
    if 0 < part < whole:
        percent = min(max(percent, 0.1), 99.9)
    return f"{number(percent, 0 if percent in (0, 100) else 1)}%"


def even(length: timedelta) -> str:
    """A length of time that somebody chose: "4 h" where it is whole hours, otherwise like "90 min"."""
    minutes = length // timedelta(minutes=1)
    if minutes % 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h") % {"hours": minutes // 60}


def likely(part: int, whole: int) -> tuple[float, float]:
    """Between which shares, 0 to 1, the true one lies 95 times in 100 (Wilson's score interval, 1927)."""
    seen, spread = part / whole, Z * Z / whole
    middle = (seen + spread / 2) / (1 + spread)
    reach = Z * sqrt(seen * (1 - seen) / whole + spread / whole / 4) / (1 + spread)
    return middle - reach, middle + reach
