"""Line items of a Checkout Session, each with a price and a product created for it."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.ids import random_id
from lumira.sandbox.limits import merged_metadata


def new_lines(account: Account, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the line items of a new session, in the order of the request."""
    return [_new_line(account, item) for item in sent]


def total_of(sent: list[dict[str, Any]]) -> int:
    """Return the sum of the line items of a request, in minor units."""
    return sum(int(item["price_data"]["unit_amount"] * item["quantity"]) for item in sent)


def _new_line(account: Account, item: dict[str, Any]) -> dict[str, Any]:
    data = item["price_data"]
    product = _new_product(account, data["product_data"])
    price = _new_price(account, data, product)
    amount = data["unit_amount"] * item["quantity"]
    return {
        "id": "li_1" + random_id("", 23)[1:],
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "discounts": [],
        "metadata": merged_metadata({}, item.get("metadata")),
        "price": price,
        "quantity": item["quantity"],
        "taxes": [],
    }


def _new_price(account: Account, data: dict[str, Any], product: dict[str, Any]) -> dict[str, Any]:
    empty = (
        "custom_unit_amount", "lookup_key", "nickname", "recurring", "tiers_mode", "transform_quantity",
    )  # fmt: skip
    return account.add(
        {
            "id": "price_1" + random_id("", 23)[1:],
            "object": "price",
            **dict.fromkeys(empty),
            # Created for one session; it cannot be used for another one.
            "active": False,
            "billing_scheme": "per_unit",
            "created": account.now,
            "currency": data["currency"],
            "livemode": False,
            "metadata": {},
            "product": product["id"],
            "tax_behavior": data.get("tax_behavior", "unspecified"),
            "type": "one_time",
            "unit_amount": data["unit_amount"],
            "unit_amount_decimal": str(data["unit_amount"]),
        }
    )


def _new_product(account: Account, data: dict[str, Any]) -> dict[str, Any]:
    empty = ("default_price", "package_dimensions", "shippable", "statement_descriptor", "tax_details", "url")
    return account.add(
        {
            "id": random_id("prod", 14),
            "object": "product",
            **dict.fromkeys(empty),
            "active": False,
            "created": account.now,
            "description": data.get("description"),
            "images": data.get("images") or [],
            "livemode": False,
            "marketing_features": [],
            "metadata": merged_metadata({}, data.get("metadata")),
            "name": data["name"],
            "tax_code": data.get("tax_code"),
            "type": "service",
            "unit_label": data.get("unit_label"),
            "updated": account.now,
        }
    )
