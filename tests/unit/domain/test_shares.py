"""Splitting an amount to the minor unit."""

import itertools

import pytest

from lumira.domain.shares import cost_of_units, split


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (1000, [5900, 1900], [756, 244]),
        (100, [1, 1, 1], [34, 33, 33]),
        (0, [5, 5], [0, 0]),
        (7, [0, 7, 0], [0, 7, 0]),
        (0, [0, 0], [0, 0]),
        (2, [3, 0, 0, 3], [1, 0, 0, 1]),
    ],
)
def test_an_amount_is_split_by_the_largest_remainder(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    assert split(amount, weights) == parts


def test_the_parts_add_up_and_none_exceeds_its_weight() -> None:
    for weights in itertools.product((0, 1, 3, 7, 100), repeat=3):
        for amount in range(0, sum(weights) + 1, 3):
            parts = split(amount, weights)
            assert sum(parts) == amount
            assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_each_part_is_a_multiple_of_the_currencys_step() -> None:
    assert split(1000, [3330, 6670], step=10) == [330, 670]


@pytest.mark.parametrize("quantity", [1, 2, 3, 7])
def test_the_units_of_a_line_cost_its_amount_in_whatever_parts_they_are_counted(quantity: int) -> None:
    for amount in (0, 1, 100, 997):
        for first in range(quantity + 1):
            parts = [
                cost_of_units(amount, quantity, before=0, units=first),
                cost_of_units(amount, quantity, before=first, units=quantity - first),
            ]
            assert sum(parts) == amount
