"""The faults of the sandbox while purchases are made."""

from tests.chaos.shop import Shop

#: Rates for every request to the API, those of buyers included.
_FAULTS = {
    "latency_ms": 15,
    "rate_429": 0.02,
    "rate_500_before": 0.015,
    "rate_500_after": 0.015,
    "rate_drop_before": 0.015,
    "rate_drop_after": 0.015,
}
#: Rates for every webhook. A lost one is never delivered.
_DELIVERIES = {"duplicate": 0.2, "lose": 0.1, "shuffle": True, "window_ms": 3000, "retry_base_ms": 500}
#: Delayed payments and refunds finish within seconds, so that the run ends.
_DELAYS = {"delay_ms": 3000, "slow_delay_ms": 6000}


def start(shops: dict[str, Shop], seed: int) -> None:
    """Switch the faults on in every account."""
    for number, shop in enumerate(shops.values()):
        shop.simulate("settings", **_DELAYS)
        shop.simulate("deliveries", **_DELIVERIES, seed=f"{seed}:{number}")
        shop.simulate("faults", **_FAULTS)


def end(shops: dict[str, Shop]) -> None:
    """Switch the faults off; lost webhooks stay lost."""
    for shop in shops.values():
        shop.simulate("faults")
        shop.simulate("deliveries", retry_base_ms=500)
