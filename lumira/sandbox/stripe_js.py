"""Parameters that Stripe.js adds to the SDK's own: data about the browser, and the card's number."""

from typing import Any

from stripe.params import PaymentMethodCreateParamsCard

from lumira.sandbox.errors import InvalidRequestError, missing_parameter
from lumira.sandbox.parameters import check

_NOTES = frozenset((
    "guid", "muid", "sid", "payment_user_agent", "referrer", "time_on_page", "pasted_fields",
    "client_attribution_metadata",
))  # fmt: skip
_BESIDE = _NOTES | frozenset((
    "key", "client_secret", "expected_payment_method_type", "client_context", "is_stripe_sdk",
    "_stripe_version", "_stripe_account", "set_as_default_payment_method",
))  # fmt: skip


#: A type that the SDK declares, as a placeholder while the rest of the hash is checked.
_PLACEHOLDER_TYPE = "link"


def check_stripe_js(declared: type, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the validated parameters of a call with a publishable key, which may include a card's number."""
    data = sent.get("payment_method_data")
    card = None
    if isinstance(data, dict):
        data = {name: value for name, value in data.items() if name not in _NOTES}
        if data.get("type") == "card":
            # The SDK declares no card here, because only a browser may send one: it is checked separately.
            card = _check_card(data.pop("card", None))
            data["type"] = _PLACEHOLDER_TYPE
        sent = {**sent, "payment_method_data": data}
    params = check(declared, sent, _BESIDE)
    if card is not None:
        params["payment_method_data"].update(type="card", card=card)
    return {**params, "client_secret": sent.get("client_secret")}


def _check_card(card: Any) -> dict[str, Any]:
    if card is None:
        raise missing_parameter("payment_method_data[card]")
    if not isinstance(card, dict):
        raise InvalidRequestError("Invalid hash", param="payment_method_data[card]")
    return check(PaymentMethodCreateParamsCard, card)
