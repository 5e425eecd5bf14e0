"""The geometry of the charts: what is drawn is what the numbers say."""

from hypothesis import given
from hypothesis import strategies as st

from liveness.review.dashboard import charts
from liveness.review.dashboard.charts import BASE, TOP, Column

numbers = st.integers(0, 10**7)


def drawn(*values: int, **more):
    return charts.columns([Column(value, str(value), f"at {index}") for index, value in enumerate(values)], **more)


def share(text: str) -> float:
    assert text.endswith("%")
    return float(text.removesuffix("%"))


class TestScale:
    @given(numbers)
    def test_it_reaches_the_highest_value_in_a_few_even_round_steps(self, most):
        ticks = charts.scale(most)
        step = ticks[1]
        assert ticks[-1] >= max(most, 1)
        assert ticks == [step * number for number in range(len(ticks))]
        assert 2 <= len(ticks) <= charts.LINES + 1
        assert str(step).rstrip("0") in ("1", "2", "5")

    @given(numbers)
    def test_it_wastes_no_step(self, most):
        ticks = charts.scale(most)
        assert len(ticks) == 2 or ticks[-2] < most

    def test_thousands_are_written_short(self):
        texts = [mark.text for mark in drawn(35_000).grid]
        assert texts == ["0", "10k", "20k", "30k", "40k"]


class TestColumns:
    @given(st.lists(numbers, min_size=1, max_size=40))
    def test_columns_stand_side_by_side_inside_the_plot(self, values):
        boxes = drawn(*values).boxes
        assert len(boxes) == len([value for value in values if value])
        edges = [edge for box in boxes for edge in (share(box.x), share(box.x) + share(box.width))]
        assert edges == sorted(edges)
        assert all(0 <= edge <= 100 for edge in edges)

    @given(st.lists(numbers, min_size=1, max_size=40))
    def test_columns_stand_on_the_base_line_as_high_as_their_value(self, values):
        plot = drawn(*values)
        shown = [value for value in values if value]
        for value, box in zip(shown, plot.boxes, strict=True):
            height = max((BASE - TOP) * value / plot.top, charts.LEAST_HEIGHT)
            assert abs(float(box.height) - height) <= 0.1
            assert abs(float(box.y) + float(box.height) - BASE) <= 0.11

    def test_a_small_value_is_still_seen(self):
        assert float(drawn(1, 100_000).boxes[0].height) == charts.LEAST_HEIGHT

    def test_the_highest_line_is_the_end_of_the_scale(self):
        plot = drawn(7)
        assert [(mark.y, mark.text) for mark in (plot.grid[0], plot.grid[-1])] == [(f"{BASE:.1f}", "0"), ("12.0", "8")]

    def test_columns_without_a_label_get_none(self):
        plot = charts.columns([Column(1, "one"), Column(2, "two", "here")])
        assert [(mark.x, mark.text) for mark in plot.labels] == [("75.000%", "here")]

    def test_nothing_at_all_is_drawn_as_an_empty_plot(self):
        plot = drawn(0, 0)
        assert (plot.boxes, plot.top) == ([], 1)


class TestLine:
    def test_it_runs_through_the_middles_of_the_columns_on_the_same_scale(self):
        one, two = drawn(4, 4, 4, line=(0, 4, 2)).line
        assert [share(x) for x in (one.x1, one.x2, two.x1, two.x2)] == [16.667, 50, 50, 83.333]
        assert (one.y1, one.y2, two.y2) == (f"{BASE:.1f}", f"{TOP:.1f}", f"{(BASE + TOP) / 2:.1f}")

    def test_only_the_piece_into_the_present_still_moves(self):
        assert [segment.kind for segment in drawn(1, 1, 1, 1, line=(1, 1, 1, 1)).line] == ["calm", "calm", "running"]

    def test_the_scale_reaches_the_line_too(self):
        assert drawn(1, 1, line=(90, 1)).top >= 90


class TestBars:
    def test_the_longest_fills_the_width_and_the_others_their_share(self):
        bars = charts.bars([Column(50, "fifty", "a"), Column(200, "two hundred", "b"), Column(0, "none", "c")])
        assert [share(bar.width) for bar in bars] == [25, 100, 0]
        assert [(bar.label, bar.title) for bar in bars] == [("a", "fifty"), ("b", "two hundred"), ("c", "none")]

    def test_rows_do_not_meet(self):
        bars = charts.bars([Column(1, "", "")] * 3)
        assert [float(bar.bar_y) for bar in bars] == [22, 60, 98]
        assert all(float(bar.text_y) < float(bar.bar_y) for bar in bars)

    def test_nothing_but_zeros_has_no_length(self):
        assert [bar.width for bar in charts.bars([Column(0, "", "")])] == ["0.000%"]
