"""Validation of the line items of a new Checkout Session."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.errors import nested_in, unsupported
from lumira.sandbox.errors import InvalidRequestError, missing_parameter, no_such_object
from lumira.sandbox.limits import (
    check_currency,
    check_description,
    check_metadata,
    check_texts,
    check_url,
    max_amount,
)

_MAX_LINES = 100
_MAX_QUANTITY = 999_999
_MAX_IMAGES = 8
_MAX_NAME_LENGTH = 250
_OTHER_CURRENCY = (
    "The price specified only supports `{currency}`. This doesn't match the expected currency: `{expected}`."
)


def check_lines(account: Account, sent: dict[str, Any]) -> None:
    """Validate the line items and their common currency, which is then set in the parameters."""
    lines = sent.get("line_items")
    if not lines:
        raise missing_parameter("line_items")
    if len(lines) > _MAX_LINES:
        raise InvalidRequestError(
            f"You can have at most {_MAX_LINES} line items, but you passed in {len(lines)}.",
            param="line_items",
        )
    if "currency" in sent:
        sent["currency"] = check_currency(sent["currency"])
    for position, line in enumerate(lines):
        with nested_in(f"line_items[{position}]"):
            _check_line(account, line, position)
            currency = line["price_data"]["currency"]
            expected = sent.setdefault("currency", currency)
            if currency != expected:
                message = _OTHER_CURRENCY.format(currency=currency, expected=expected)
                raise InvalidRequestError(message, param="price_data[currency]")


def _check_line(account: Account, line: dict[str, Any], position: int) -> None:
    if ("price" in line) == ("price_data" in line):
        raise InvalidRequestError(
            "You must specify either `price` or `price_data` when creating a line item.", param="price_data"
        )
    if "price" in line:
        raise _price_error(account, line["price"])
    for name in ("tax_rates", "adjustable_quantity"):
        if line.get(name) and line[name] != {"enabled": False}:
            raise unsupported(name, f"`{name}`")
    if "quantity" not in line:
        raise InvalidRequestError(
            f"Quantity is required. Add `quantity` to `line_items[{position}]`",
            code="parameter_missing",
            param="quantity",
        )
    _check_range(line["quantity"], 1, _MAX_QUANTITY, "quantity")
    check_metadata(line.get("metadata"))
    with nested_in("price_data"):
        _check_price(line["price_data"])


def _price_error(account: Account, price: str) -> InvalidRequestError:
    """Return the error for a price: every price belongs to one session and is inactive for any other."""
    if account.find("price", price) is None:
        return InvalidRequestError(f"No such price: '{price}'", code="resource_missing", param="price")
    return InvalidRequestError(
        "The price specified is inactive. This field only accepts active prices.", param="price"
    )


def _check_price(data: dict[str, Any]) -> None:
    data["currency"] = check_currency(data["currency"])
    if "product" in data:
        raise no_such_object("product", data["product"], param="product", in_url=False)
    if "product_data" not in data:
        raise missing_parameter("product_data")
    if "recurring" in data:
        raise InvalidRequestError(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode "
            "or use only one-time prices.",
            param="recurring",
        )
    if "unit_amount_decimal" in data:
        raise unsupported("unit_amount_decimal", "`unit_amount_decimal`")
    if "unit_amount" not in data:
        raise missing_parameter("unit_amount")
    _check_range(data["unit_amount"], 0, max_amount(data["currency"]), "unit_amount")
    with nested_in("product_data"):
        _check_product(data["product_data"])


def _check_product(data: dict[str, Any]) -> None:
    check_description(data["name"], "name", _MAX_NAME_LENGTH)
    check_texts(data, "description", "unit_label")
    check_metadata(data.get("metadata"))
    images = data.get("images") or []
    if len(images) > _MAX_IMAGES:
        raise InvalidRequestError(f"A product has at most {_MAX_IMAGES} images.", param="images")
    for position, image in enumerate(images):
        check_url(image, f"images[{position}]")


def _check_range(value: int, minimum: int, maximum: int, param: str) -> None:
    if value < minimum:
        raise InvalidRequestError(
            f"This value must be greater than or equal to {minimum}.",
            code="parameter_invalid_integer",
            param=param,
        )
    if value > maximum:
        raise InvalidRequestError(
            f"This value must be less than or equal to {maximum}.",
            code="parameter_invalid_integer",
            param=param,
        )
