"""A difference between what Stripe's records require and what Lumira stored."""

from dataclasses import dataclass

KINDS = ("lost", "doubled", "wrong", "stuck")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with the order, payment and purchase that it concerns."""

    kind: str
    what: str
    order: str | None = None
    intent: str | None = None
    purchase: int | None = None
