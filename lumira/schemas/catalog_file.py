"""The file that says what a tenant sells: its shape, and what Stripe and the house ask of it."""

import tomllib
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from lumira.domain import charge_limits
from lumira.errors import CatalogError
from lumira.schemas.catalog_fields import Table
from lumira.schemas.catalog_product import ProductTable
from lumira.schemas.catalog_tenant import TenantTable

#: One file with more than this many mistakes is better looked at than read about.
_ERRORS_TOLD = 10


class CatalogFile(Table):
    """The whole file: one tenant and what it sells."""

    tenant = fields.Nested(TenantTable, required=True)
    # A file without products would take everything off sale: rather a slip than a wish.
    products = fields.List(
        fields.Nested(ProductTable),
        required=True,
        validate=validate.Length(min=1, error="Must hold a product."),
    )

    @validates_schema
    def products_agree(self, catalog: dict[str, Any], **_: Any) -> None:
        """Refuse what each product may say by itself, but not next to the others or for this tenant."""
        wrong: dict[int, dict[str, list[str]]] = {}
        currency = catalog["tenant"]["currency"]
        ids: dict[str, int] = {}
        numbers: dict[int, int] = {}
        for index, product in enumerate(catalog["products"]):
            mistakes = _amount_mistakes(product["amount"], currency)
            if product["currency"] not in (None, currency):
                mistakes["currency"] = [f"The tenant sells in {currency}."]
            first = ids.setdefault(product["id"], index)
            if first != index:
                mistakes["id"] = [f"Is that of products[{first}] too."]
            number = product["level_number"]
            first = index if number is None else numbers.setdefault(number, index)
            if first != index:
                mistakes["level"] = [f"Is that of products[{first}] too."]
            if mistakes:
                wrong[index] = mistakes
        if wrong:
            raise ValidationError({"products": wrong})


def _amount_mistakes(amount: int, currency: str) -> dict[str, list[str]]:
    least, step = charge_limits.smallest_charge(currency), charge_limits.step(currency)
    if 0 < amount < least:
        return {"amount": [f"Must be 0 (free) or at least {least}: Stripe takes no less in {currency}."]}
    if amount % step:
        return {"amount": [f"Must be a multiple of {step}: Stripe takes nothing finer in {currency}."]}
    return {}


def read(path: Path) -> dict[str, Any]:
    """What the file says, checked: `tenant` and `products`, keys as in the file (`level` as `level_number`).

    `CatalogError` in one line that names the file and, in it, the line or the key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror or error}.") from error
    try:
        return parse(content)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error.message}") from error


def parse(content: bytes) -> dict[str, Any]:
    """What a file with this content says; `CatalogError` names the line or the key that is wrong."""
    try:
        # An editor's byte order mark is no part of the text.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"line {line}: not UTF-8.") from error
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Beside its own, tomllib lets through what Python says of dates and endless numbers: ValueErrors too.
        raise CatalogError(f"not TOML: {error or 'nested too deeply'}.") from error
    return _load(CatalogFile(), given)


def parse_tenant(given: dict[str, Any]) -> dict[str, Any]:
    """A tenant described elsewhere than in a file, held to the same rules."""
    return _load(TenantTable(), given)


def _load(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise CatalogError(_in_one_line(error.messages)) from error
    return loaded


def _in_one_line(messages: Any) -> str:
    told = _told(messages, "")
    more = f"; and {len(told) - _ERRORS_TOLD} more" if len(told) > _ERRORS_TOLD else ""
    return "; ".join(told[:_ERRORS_TOLD]) + more


def _told(messages: Any, path: str) -> list[str]:
    if not isinstance(messages, dict):
        return [f"{path}: {message}" for message in messages]
    told: list[str] = []
    for key, inner in messages.items():
        name = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else str(key)
        told += _told(inner, path if key == "_schema" else name)
    return told
