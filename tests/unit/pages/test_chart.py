"""A chart has the same figures as its table, whatever their size."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from lumira.pages.dashboard.chart import HEIGHT, WIDTH, draw

FIRST = date(2026, 11, 1)


def days(*figures: tuple[int, int]) -> list[tuple[date, int, int]]:
    return [(FIRST + timedelta(days=number), *each) for number, each in enumerate(figures)]


def test_the_highest_number_fills_the_chart_and_each_part_its_share_of_it() -> None:
    chart = draw(days((4, 1), (2, 2), (0, 0)))
    assert [(bar.whole_height, bar.part_height) for bar in chart.bars] == [
        (HEIGHT, HEIGHT / 4),
        (HEIGHT / 2, HEIGHT / 2),
        (0, 0),
    ]
    assert chart.largest == 4


@pytest.mark.parametrize("number", [1, 2, 30, 92])
def test_bars_stand_side_by_side_within_the_chart_with_readable_labels(number: int) -> None:
    bars = draw(days(*[(1, 0)] * number)).bars
    assert all(one.x + one.width <= other.x for one, other in pairwise(bars))
    assert bars[-1].x + bars[-1].width <= WIDTH
    assert 1 <= sum(bar.has_label for bar in bars) <= 8


@pytest.mark.parametrize("nothing", [[], days((0, 0))])
def test_a_period_without_orders_has_no_chart(nothing: list[tuple[date, int, int]]) -> None:
    assert draw(nothing).is_empty
