"""How an amount of money is split, to the minor unit."""

from collections.abc import Sequence


def split(amount: int, weights: Sequence[int], *, step: int = 1) -> list[int]:
    """Split an amount of minor units in proportion to weights, by the method of the largest remainder.

    The parts add up to the amount, each is a multiple of `step` if the amount is one, and none exceeds its weight as
    long as the amount does not exceed their sum. Of equal remainders the first is rounded up. Each part is 0 if all
    weights are.
    """
    whole = sum(weights)
    if whole == 0:
        return [0 for _ in weights]
    units = amount // step
    parts = [units * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: units * weights[place] % whole, reverse=True)
    for place in by_remainder[: units - sum(parts)]:
        parts[place] += 1
    return [part * step for part in parts]


def cost_of_units(amount: int, quantity: int, *, before: int, units: int, step: int = 1) -> int:
    """Return what `units` of a line cost that costs `amount` for `quantity` units, after `before` other units.

    Units of one line may differ by one step. All units of a line together cost its amount, in whatever parts they are
    counted.
    """
    steps = amount // step
    return (steps * (before + units) // quantity - steps * before // quantity) * step
