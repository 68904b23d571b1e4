"""The address that a Checkout Session's page asks for, and the `shipping` of payments."""

import re
from typing import Any

from lumira.sandbox.errors import InvalidRequestError, missing_parameter
from lumira.sandbox.limits import check_description

_PARTS = ("city", "country", "line1", "line2", "postal_code", "state")
#: As Stripe documents them for `allowed_countries`.
_UNSUPPORTED = frozenset("AS CX CC CU HM IR KP MH FM NF MP PW SY UM VI".split())  # noqa: SIM905 - easier to compare
_CODE = re.compile("[A-Z]{2}")
_MAX_LENGTH = 255


def check_collection(sent: dict[str, Any]) -> None:
    """Validate `shipping_address_collection` and `payment_intent_data[shipping]` of a new session."""
    collection = sent.get("shipping_address_collection")
    if collection is None:
        return
    if (sent.get("payment_intent_data") or {}).get("shipping"):
        raise InvalidRequestError(
            "You may only specify one of these parameters: shipping_address_collection, "
            "payment_intent_data[shipping].",
            param="shipping_address_collection",
        )
    countries = collection.get("allowed_countries") or []
    if not countries:
        raise missing_parameter("shipping_address_collection[allowed_countries]")
    for position, country in enumerate(countries):
        if country in _UNSUPPORTED or not _CODE.fullmatch(country):
            raise InvalidRequestError(
                f"Invalid shipping_address_collection[allowed_countries][{position}]: {country} is not supported.",
                param=f"shipping_address_collection[allowed_countries][{position}]",
            )


def shipping_object(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the `shipping` of a payment with all of its fields."""
    if not sent:
        return None
    address = sent.get("address") or {}
    return {
        "address": {part: address.get(part) or None for part in _PARTS},
        "carrier": sent.get("carrier"),
        "name": sent.get("name"),
        "phone": sent.get("phone"),
        "tracking_number": sent.get("tracking_number"),
    }


def example_address(session: dict[str, Any]) -> dict[str, Any]:
    """Return an address in the first country of the session, for a buyer who is asked and enters none."""
    collection = session["shipping_address_collection"]
    if collection is None:
        return {}
    country = collection["allowed_countries"][0]
    return {
        "name": "Camille Durand",
        "phone": "+33 6 12 34 56 78" if session["phone_number_collection"]["enabled"] else "",
        "line1": "8 rue de la Paix",
        "postal_code": "75002",
        "city": "Paris",
        "country": country,
    }


def record_address(session: dict[str, Any], entered: dict[str, Any]) -> None:
    """Record the address that the buyer entered; raises ``InvalidRequestError`` for one that the page refuses."""
    collection = session["shipping_address_collection"]
    if session["phone_number_collection"]["enabled"]:
        if not entered.get("phone"):
            raise missing_parameter("phone")
        session["customer_details"]["phone"] = entered["phone"]
    if collection is None:
        return
    for name in ("name", "line1", "city", "country"):
        if not entered.get(name):
            raise missing_parameter(name)
    for name in ("name", *_PARTS):
        check_description(entered.get(name), name, _MAX_LENGTH)
    if entered["country"] not in collection["allowed_countries"]:
        raise InvalidRequestError("The shop does not deliver to this country.", param="country")
    session["collected_information"] = {
        "business_name": None,
        "individual_name": None,
        "shipping_details": {
            "address": {part: entered.get(part) or None for part in _PARTS},
            "name": entered["name"],
        },
    }


def collected_shipping(session: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter `shipping` of the session's PaymentIntent: what its page has collected."""
    collected = session["collected_information"]
    return {} if collected is None else {"shipping": collected["shipping_details"]}
