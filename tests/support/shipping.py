"""Shops that send goods, and addresses to send them to."""

from typing import Any

#: France with free postage from 100 EUR, and dearer neighbours whose carrier needs a telephone number.
ZONES: list[dict[str, Any]] = [
    {
        "name": "France",
        "countries": ["FR", "MC"],
        "amount": 490,
        "free_from": 10_000,
        "phone": False,
        "steps": [{"heavier_than": 1000, "amount": 790}],
    },
    {
        "name": "Europe",
        "countries": ["BE", "DE", "GR"],
        "amount": 1290,
        "free_from": None,
        "phone": True,
        "steps": [],
    },
]


def shipping(country: str = "FR", **parts: Any) -> dict[str, Any]:
    """A whole address as the API takes it; `parts` replace those of the address, `name` and `phone` the recipient's."""
    recipient = {"name": "Ana Martin", "phone": "+33 6 12 34 56 78"}
    recipient |= {name: parts.pop(name) for name in ("name", "phone") if name in parts}
    address = {"line1": "12 rue des Lilas", "postalCode": "75011", "city": "Paris", "country": country}
    return {**recipient, "address": address | parts}
