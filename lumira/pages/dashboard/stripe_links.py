"""Where Stripe's Dashboard shows an object."""

_STRIPE = "https://dashboard.stripe.com"
#: By the beginning of its id.
_PLACES = {
    "pi": "payments",
    "ch": "payments",
    "py": "payments",
    "re": "refunds",
    "pyr": "refunds",
    "po": "payouts",
    "du": "disputes",
    "dp": "disputes",
    "evt": "events",
    "cus": "customers",
}


def url_at_stripe(stripe_id: str | None, *, account: str | None, livemode: bool) -> str | None:
    """Return the URL at which Stripe's Dashboard shows an object; `None` if it has no page of its own.

    `account` is the Connect account that the tenant sells through, if it does.
    """
    place = _PLACES.get((stripe_id or "").partition("_")[0])
    if place is None:
        return None
    return f"{_STRIPE}{f'/{account}' if account else ''}{'' if livemode else '/test'}/{place}/{stripe_id}"
