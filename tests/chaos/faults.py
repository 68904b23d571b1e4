"""What goes wrong at Stripe's side while the purchases are made, and that it stops afterwards."""

from tests.chaos.shop import Shop

#: Of every request to the API, the buyers' included.
_FAULTS = {
    "latency_ms": 15,
    "rate_429": 0.02,
    "rate_500_before": 0.015,
    "rate_500_after": 0.015,
    "rate_drop_before": 0.015,
    "rate_drop_after": 0.015,
}
#: Of every webhook. One that is lost never comes.
_DELIVERIES = {"duplicate": 0.2, "lose": 0.1, "shuffle": True, "window_ms": 3000, "retry_base_ms": 500}
#: Delayed payments and refunds come to their end soon, so that the run does.
_DELAYS = {"delay_ms": 3000, "slow_delay_ms": 6000}


def begin(shops: dict[str, Shop], seed: int) -> None:
    """Let things go wrong in every account."""
    for number, shop in enumerate(shops.values()):
        shop.let_happen("settings", **_DELAYS)
        shop.let_happen("deliveries", **_DELIVERIES, seed=f"{seed}:{number}")
        shop.let_happen("faults", **_FAULTS)


def end(shops: dict[str, Shop]) -> None:
    """Nothing new goes wrong; what was lost stays lost."""
    for shop in shops.values():
        shop.let_happen("faults")
        shop.let_happen("deliveries", retry_base_ms=500)
