"""The geometry of the dashboard's charts. Pure: numbers in, attributes of SVG elements out.

Across, everything is a percentage of the plot's width, and down, a number of pixels: so a chart fills whatever width it
is given while its text stays as large as the rest of the page, without any script. Attributes are ready-made strings,
because a template would write numbers the way the language does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

# Pixels from the top of the drawing to its highest value, to its base line, and to the middle of the labels below.
TOP, BASE, LABELS = 12, 172, 190
# The share of its place that a column fills, and the least height of one that is not nothing.
FILL, LEAST_HEIGHT = 0.72, 1.5
# Horizontal bars: the height of one row, and where in it the text and the bar are.
ROW, ROW_TEXT, ROW_BAR = 38, 14, 22
LINES = 4


@dataclass(frozen=True)
class Column:
    """One value to draw: `title` says it in words, `label` stands beside it, `kind` chooses its colour.

    The kinds are "calm", "soon" and "late", and "running" for a piece of time that is not over.
    """

    value: int
    title: str
    label: str = ""
    kind: str = "calm"


@dataclass(frozen=True)
class Box:
    x: str
    y: str
    width: str
    height: str
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A text at a place: `x` in percent of the width, `y` in pixels."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Segment:
    """A piece of the line; one that leads into the present is still moving."""

    x1: str
    y1: str
    x2: str
    y2: str
    kind: str


@dataclass(frozen=True)
class Plot:
    """What there is to draw. `top` is the value at the highest grid line."""

    top: int
    boxes: list[Box]
    grid: list[Mark]
    labels: list[Mark]
    line: list[Segment] = field(default_factory=list)


@dataclass(frozen=True)
class Bar:
    """One row of horizontal bars: its text stands above the bar."""

    text_y: str
    bar_y: str
    width: str
    label: str
    title: str
    kind: str


def columns(values: Sequence[Column], *, line: Sequence[int] = ()) -> Plot:
    """Columns side by side from one base line, and a line over them of as many values on the same scale."""
    ticks = scale(max([*(column.value for column in values), *line, 0]))
    top = ticks[-1]
    place = 100 / max(len(values), 1)
    return Plot(
        top=top,
        boxes=[_box(column, index, place, top) for index, column in enumerate(values) if column.value],
        grid=[Mark("0", _pixels(_height(tick, top)), _tick(tick)) for tick in ticks],
        labels=[
            Mark(_percent((index + 0.5) * place), _pixels(LABELS), column.label)
            for index, column in enumerate(values)
            if column.label
        ],
        line=_line(line, place, top),
    )


def bars(rows: Sequence[Column]) -> list[Bar]:
    """Horizontal bars below each other; the longest fills the width. The `title` of each is its number in words."""
    most = max([row.value for row in rows], default=0) or 1
    return [
        Bar(
            text_y=_pixels(index * ROW + ROW_TEXT),
            bar_y=_pixels(index * ROW + ROW_BAR),
            width=_percent(100 * row.value / most),
            label=row.label,
            title=row.title,
            kind=row.kind,
        )
        for index, row in enumerate(rows)
    ]


def scale(most: int) -> list[int]:
    """Round numbers from 0 to at least `most`, evenly spaced: at most five of them, and never just 0."""
    step = next(part * 10**power for power in count() for part in (1, 2, 5) if part * 10**power * LINES >= most)
    lines = max(-(-most // step), 1)
    return [step * number for number in range(lines + 1)]


def _tick(number: int) -> str:
    return f"{number // 1000}k" if number >= 10_000 else str(number)


def _box(column: Column, index: int, place: float, top: int) -> Box:
    height = max((BASE - TOP) * column.value / top, LEAST_HEIGHT)
    return Box(
        x=_percent((index + (1 - FILL) / 2) * place),
        y=_pixels(BASE - height),
        width=_percent(FILL * place),
        height=_pixels(height),
        kind=column.kind,
        title=column.title,
    )


def _line(values: Sequence[int], place: float, top: int) -> list[Segment]:
    points = [(_percent((index + 0.5) * place), _pixels(_height(value, top))) for index, value in enumerate(values)]
    kinds = ["calm"] * (len(points) - 2) + ["running"]
    return [Segment(*one, *other, kind) for (one, other), kind in zip(pairwise(points), kinds, strict=False)]


def _height(value: int, top: int) -> float:
    return BASE - (BASE - TOP) * value / top


def _percent(number: float) -> str:
    return f"{number:.3f}%"


def _pixels(number: float) -> str:
    return f"{number:.1f}"
