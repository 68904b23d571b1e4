"""What a comparison finds: one thing that is not as it must be."""

from dataclasses import dataclass

KINDS = ("lost", "doubled", "wrong", "stuck")


@dataclass(frozen=True, slots=True)
class Difference:
    """What was expected and what was found, and whose it is."""

    kind: str
    what: str
    order: str | None = None
    intent: str | None = None
    purchase: int | None = None
