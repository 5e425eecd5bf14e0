"""The dashboard's charts: what is drawn, what it is called, and the table behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liveness.ratelimit import budget
from liveness.review.action_counts import MARGINS, STEP
from liveness.review.dashboard import charts
from liveness.review.dashboard.cards import counted
from liveness.review.dashboard.charts import Bar, Column, Plot
from liveness.review.dashboard.data import MOST, Band, DashboardData, Present
from liveness.review.dashboard.periods import DAYS, HOURS, QUARTERS, Period
from liveness.review.formatting import capped, even, number, share

# Attempts that end in the tab Lost of the queue, and files without which an attempt may still be reviewed. Only a check
# that nobody finished is nobody's loss.
UNFINISHED = gettext_lazy("The check was never finished")
UNANSWERED: dict[str, str | Promise] = {
    "expired.unfinished": UNFINISHED,
    "expired.missed": gettext_lazy("The answer was not read before it expired"),
    "refused": gettext_lazy("The vendor does not know the token, and is asked until it expires"),
}
LOST_FILES: dict[str, str | Promise] = {
    "lost.window": gettext_lazy("Not fetched before the token expired"),
    "lost.link": gettext_lazy("The vendor\u2019s link had run out"),
    "lost.download": gettext_lazy("The download failed"),
    "lost.mismatch": gettext_lazy("Not the file that was declared"),
    "lost.undeclared": gettext_lazy("The vendor declared no usable size or digest"),
    "lost.refused": gettext_lazy("Our settings refused it"),
    "lost.storage": gettext_lazy("Our storage could not take it"),
    "lost.damaged": gettext_lazy("Stored, but found damaged later"),
    "lost.other": gettext_lazy("Another reason"),
}
PER: dict[str, str | Promise] = {
    HOURS: gettext_lazy("per hour"),
    QUARTERS: gettext_lazy("per 6 hours"),
    DAYS: gettext_lazy("per day"),
}
# How a piece of each period is called in a table, and the pieces that get a label below the chart.
WHEN = {HOURS: "D H:i", QUARTERS: "D j M, H:i", DAYS: "D j M"}
TICK = {HOURS: "H:i", QUARTERS: "D", DAYS: "j M"}
# Minutes left at which the bands of the margin begin.
MARGIN_BANDS = (0, 10, 30, 60, 90, 110)


@dataclass(frozen=True)
class Row:
    """One row of a table: `at` is set where the row is a time, and `label` then says that time."""

    label: str
    cells: list[tuple[int, str]]
    at: datetime | None = None
    tick: str = ""


@dataclass(frozen=True)
class Graph:
    """One chart: columns (`plot`) or horizontal bars. `legend` names the columns and the line, with their sums."""

    name: str
    title: str
    description: str
    head: list[str]
    rows: list[Row]
    plot: Plot | None = None
    bars: list[Bar] = field(default_factory=list)
    height: int = 0
    legend: list[tuple[str, str]] = field(default_factory=list)


def flow(outlook: DashboardData) -> Graph:
    """What came in and what was decided, over time."""
    period, inflow, decisions = outlook.period, outlook.inflow, outlook.decisions
    rows = _rows(period, inflow, decisions)
    busiest = max(range(len(inflow)), key=inflow.__getitem__)
    description = _("%(in)s attempts came in, at most %(most)s (%(when)s). %(out)s were decided.") % {
        "in": number(sum(inflow)),
        "most": number(inflow[busiest]),
        "when": rows[busiest].label,
        "out": number(sum(decisions)),
    }
    names = [_("Inflow"), _("Decisions")]
    return Graph(
        name="flow",
        title=_("Inflow and decisions %(per)s") % {"per": PER[period.code]},
        description=description,
        head=[_("From"), *names],
        rows=rows,
        plot=charts.columns(_columns(rows, names), line=decisions),
        legend=list(zip(names, (number(sum(inflow)), number(sum(decisions))), strict=True)),
    )


def calls(outlook: DashboardData) -> Graph:
    """How many calls went to the vendor, over time."""
    period = outlook.period
    rows = [
        Row(row.label, [*row.cells, (0, share(row.cells[0][0], _room(period, index)))], row.at, row.tick)
        for index, row in enumerate(_rows(period, outlook.calls))
    ]
    names = [_("Calls"), _("Of the limit")]
    return Graph(
        name="calls",
        title=_("Calls to the vendor %(per)s") % {"per": PER[period.code]},
        description=ngettext(
            "%(count)s call in all; the account may make %(limit)s an hour.",
            "%(count)s calls in all; the account may make %(limit)s an hour.",
            sum(outlook.calls),
        )
        % {"count": number(sum(outlook.calls)), "limit": number(budget.hourly_limit())},
        head=[_("From"), *names],
        rows=rows,
        plot=charts.columns(_columns(rows, names)),
    )


def margins(outlook: DashboardData) -> Graph:
    """How long before expiry the evidence was complete."""
    counts = [_captured(outlook, *band) for band in _pairs(MARGIN_BANDS)]
    names = [_minutes(*band) for band in _pairs(MARGIN_BANDS)]
    rows = [Row(name, [(count, number(count))]) for name, count in zip(names, counts, strict=True)]
    description = _("%(count)s captured, %(close)s of them less than %(minutes)d minutes before expiry.") % {
        "count": number(sum(counts)),
        "close": number(counts[0]),
        "minutes": MARGIN_BANDS[1],
    }
    return Graph(
        name="margins",
        title=_("Time left when captured"),
        description=description,
        head=[_("Left until expiry"), _("Attempts")],
        rows=rows,
        bars=_bars(rows, ["late", "soon"]) if sum(counts) else [],
        height=len(rows) * charts.ROW,
    )


def unanswered(outlook: DashboardData) -> Graph:
    """The attempts without an answer, and why."""
    rows = _by_reason(outlook, UNANSWERED)
    total = sum(row.cells[0][0] for row in rows)
    words = ngettext("%(count)s attempt without an answer.", "%(count)s attempts without an answer.", total)
    return _reasons("attempts", _("Attempts without an answer, by reason"), words % {"count": number(total)}, rows)


def lost_files(outlook: DashboardData) -> Graph:
    """The files that could not be captured, and why."""
    rows = _by_reason(outlook, LOST_FILES)
    total = sum(row.cells[0][0] for row in rows)
    words = ngettext("%(count)s file was lost.", "%(count)s files were lost.", total)
    return _reasons("files", _("Lost files, by reason"), words % {"count": number(total)}, rows)


def _by_reason(outlook: DashboardData, reasons: Mapping[str, str | Promise]) -> list[Row]:
    """What there was of each reason, the most frequent first."""
    found = [(str(words), outlook.now.get(name, 0)) for name, words in reasons.items()]
    found = sorted((row for row in found if row[1] > 0), key=lambda row: -row[1])
    return [Row(words, [(count, number(count))]) for words, count in found]


def _reasons(name: str, title: str, description: str, rows: list[Row]) -> Graph:
    return Graph(
        name=name,
        title=title,
        description=description,
        head=[_("Reason"), _("Count")],
        rows=rows,
        bars=_bars(rows, ["calm" if row.label == str(UNFINISHED) else "late" for row in rows]),
        height=len(rows) * charts.ROW,
    )


def ages(present: Present) -> Graph:
    """How long what is undecided has waited."""
    waiting = present.waiting
    bands = waiting.bands
    names = [_age(band) for band in bands]
    values = [
        Column(band.count, f"{name}: {capped(band.count, MOST)}", _short(band), band.level)
        for name, band in zip(names, bands, strict=True)
    ]
    return Graph(
        name="ages",
        title=_("Waiting for a decision, by age"),
        description=ngettext(
            "%(count)s review waits, %(late)s of them too long.",
            "%(count)s reviews wait, %(late)s of them too long.",
            sum(band.count for band in bands),
        )
        % {"count": counted(waiting.of()), "late": counted(waiting.of("late"))},
        head=[_("Waiting for"), _("Reviews")],
        rows=[Row(name, [(band.count, capped(band.count, MOST))]) for name, band in zip(names, bands, strict=True)],
        plot=charts.columns(values),
    )


def _columns(rows: Sequence[Row], names: Sequence[str]) -> list[Column]:
    """The first number of each row as a column that tells them all."""
    said = ["; ".join(f"{name} {cell[1]}" for name, cell in zip(names, row.cells, strict=True)) for row in rows]
    kinds = ["calm"] * (len(rows) - 1) + ["running"]
    return [
        Column(row.cells[0][0], f"{row.label}: {words}", row.tick, kind)
        for row, words, kind in zip(rows, said, kinds, strict=True)
    ]


def _bars(rows: Sequence[Row], kinds: Sequence[str]) -> list[Bar]:
    """The number of each row as a bar; the first ones are of these kinds, the others calm."""
    padded = [*kinds, *["calm"] * (len(rows) - len(kinds))]
    return charts.bars(
        [Column(*row.cells[0], row.label, kind) for row, kind in zip(rows, padded, strict=True)],
    )


def _rows(period: Period, *series: Sequence[int]) -> list[Row]:
    rows = []
    for index, start in enumerate(period.starts):
        label = date_format(start, WHEN[period.code])
        if index == len(period.starts) - 1:
            label = _("%(when)s, so far") % {"when": label}
        cells = [(values[index], number(values[index])) for values in series]
        rows.append(Row(label, cells, start, _tick(period, index, start)))
    return rows


def _tick(period: Period, index: int, start: datetime) -> str:
    """The label below a piece, every few pieces; below the last it would stand out over the edge."""
    is_labelled = {HOURS: start.hour % 6 == 0, QUARTERS: start.hour < 6, DAYS: index % 7 == 3}[period.code]
    is_last = index == len(period.starts) - 1
    return date_format(start, TICK[period.code]) if is_labelled and not is_last else ""


def _room(period: Period, index: int) -> int:
    """How many calls the account may make in this piece of the period."""
    hours = (period.ends()[index] - period.starts[index]).total_seconds() / 3600
    return round(budget.hourly_limit() * hours)


def _pairs(edges: Sequence[int]) -> list[tuple[int, int | None]]:
    return list(zip(edges, [*edges[1:], None], strict=True))


def _captured(outlook: DashboardData, start: int, end: int | None) -> int:
    """How many were captured with `start` to `end` minutes left."""
    first, last = start * 60 // STEP, end and end * 60 // STEP
    return sum(outlook.now.get(name, 0) for name in MARGINS[first:last])


def _minutes(start: int, end: int | None) -> str:
    if end is None:
        return _("%(from)d minutes or more") % {"from": start}
    return (
        _("%(from)d to %(to)d minutes") % {"from": start, "to": end}
        if start
        else _("under %(to)d minutes") % {"to": end}
    )


def _age(band: Band) -> str:
    if band.before is None:
        return _("over %(from)s") % {"from": even(band.after)}
    if not band.after:
        return _("up to %(to)s") % {"to": even(band.before)}
    return _("%(from)s to %(to)s") % {"from": even(band.after), "to": even(band.before)}


def _short(band: Band) -> str:
    return f"< {even(band.before)}" if band.before else f"> {even(band.after)}"
