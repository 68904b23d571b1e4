"""The catalog file of a tenant: its structure, and the rules of Stripe and Lumira."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from lumira.domain import charge_limits
from lumira.errors.catalog import CatalogError
from lumira.schemas.catalog_fields import Table
from lumira.schemas.catalog_group import GroupTable, VariantTable, complete, group_errors, variant_errors
from lumira.schemas.catalog_product import EntriesTable, ProductTable
from lumira.schemas.catalog_shipping import MAX_ZONES, ZoneTable, zone_errors
from lumira.schemas.catalog_tenant import TenantTable

#: Errors that one message shows; more are only counted.
_MAX_SHOWN_ERRORS = 10


class ZonesTable(Table):
    """Where goods are sent; without zones no address is asked."""

    shipping_zones = fields.List(
        fields.Nested(ZoneTable),
        load_default=list,
        validate=validate.Length(max=MAX_ZONES, error="Must be {max} at most."),
    )


class CatalogFile(ZonesTable):
    """The whole file: one tenant, its products, and where it sends them."""

    tenant = fields.Nested(TenantTable, required=True)
    # A file without products would take all products off sale, which is more likely a mistake.
    products = fields.List(
        fields.Nested(VariantTable),
        required=True,
        validate=validate.Length(min=1, error="Must contain at least one product."),
    )
    #: Products that differ in options, such as size and colour.
    product_groups = fields.List(fields.Nested(GroupTable), load_default=list)

    @validates_schema
    def zones_agree(self, catalog: dict[str, Any], **_: Any) -> None:
        """Check the zones together: unique names and countries, and amounts for the tenant's currency."""
        _check_zones(catalog["shipping_zones"], catalog["tenant"]["currency"])

    @validates_schema
    def products_agree(self, catalog: dict[str, Any], **_: Any) -> None:
        """Check the products together: amounts and currency for the tenant, unique ids and level numbers."""
        errors: dict[int, dict[str, list[str]]] = {}
        currency = catalog["tenant"]["currency"]
        ids: dict[str, int] = {}
        numbers: dict[int, int] = {}
        for index, product in enumerate(catalog["products"]):
            messages = _amount_errors(product["amount"], currency)
            if product["currency"] not in (None, currency):
                messages["currency"] = [f"The tenant sells in {currency}."]
            first = ids.setdefault(product["id"], index)
            if first != index:
                messages["id"] = [f"products[{first}] has the same one."]
            number = product["level_number"]
            first = index if number is None else numbers.setdefault(number, index)
            if first != index:
                messages["level"] = [f"products[{first}] has the same one."]
            if messages:
                errors[index] = messages
        if errors:
            raise ValidationError({"products": errors})

    @validates_schema
    def groups_agree(self, catalog: dict[str, Any], **_: Any) -> None:
        """Check the groups with their products: ids, and one product for each combination of the options."""
        groups, products = catalog["product_groups"], catalog["products"]
        found = {
            "product_groups": group_errors(groups, products),
            "products": variant_errors(groups, products),
        }
        errors = {name: messages for name, messages in found.items() if messages}
        if errors:
            raise ValidationError(errors)

    @post_load
    def complete_variants(self, catalog: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give each variant the name and description of its group."""
        complete(catalog["product_groups"], catalog["products"])
        return catalog


def _check_zones(zones: list[dict[str, Any]], currency: str) -> None:
    errors = zone_errors(zones, lambda amount: _amount_errors(amount, currency))
    if errors:
        raise ValidationError({"shipping_zones": errors})


def _amount_errors(amount: int, currency: str) -> dict[str, list[str]]:
    least, step = charge_limits.smallest_charge(currency), charge_limits.step(currency)
    largest = charge_limits.largest_charge(currency)
    if amount > largest:
        return {"amount": [f"Must be between 0 and {largest}."]}
    if 0 < amount < least:
        return {"amount": [f"Must be 0 (free) or at least {least}: Stripe's minimum charge in {currency}."]}
    if amount % step:
        return {"amount": [f"Must be a multiple of {step}: Stripe's smallest step in {currency}."]}
    return {}


def read(path: Path) -> dict[str, Any]:
    """The validated content: `tenant`, `products` and `product_groups`, keys as in the file.

    `level` is named `level_number`.

    Raises `CatalogError` with one line that names the file, and the line or key in it.
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
    """The validated content of a file; raises `CatalogError`, which names the invalid line or key."""
    try:
        # Some editors write a byte order mark.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"line {line}: not UTF-8.") from error
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides its own errors tomllib passes on those of Python about dates and long numbers: ValueErrors too.
        raise CatalogError(f"not TOML: {error or 'nested too deeply'}.") from error
    return _load(CatalogFile(), tables)


def parse_product(table: dict[str, Any], currency: str) -> dict[str, Any]:
    """One product, validated by the rules of the file; raises `CatalogError`, whose `fields` name each wrong key."""
    schema = ProductTable()
    messages: dict[str, Any] = dict(schema.validate(table))
    amount = table.get("amount")
    if "amount" not in messages and isinstance(amount, int):
        # Together with the other fields, so that a form shows all of its errors at once.
        messages |= _amount_errors(amount, currency)
    if messages:
        raise _error(messages)
    return _load(schema, table)


def parse_group(table: dict[str, Any]) -> dict[str, Any]:
    """One group, validated by the rules of the file; raises `CatalogError`, whose `fields` name each wrong key."""
    return _load(GroupTable(), table)


def parse_zones(zones: Sequence[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """The shipping zones, validated by the rules of the file.

    Raises `CatalogError`, whose `fields` name each wrong key, such as `shipping_zones[0].name`.
    """
    loaded: list[dict[str, Any]] = _load(ZonesTable(), {"shipping_zones": list(zones)})["shipping_zones"]
    try:
        _check_zones(loaded, currency)
    except ValidationError as error:
        raise _error(error.messages) from error
    return loaded


def parse_entries(kind: str, name: str, entries: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The `contents` or `deliverables` (`name`) of a product of this kind, validated by the rules of the file.

    Raises `CatalogError`, whose `fields` name each wrong key, such as `contents[0].title`.
    """
    loaded: list[dict[str, str]] = _load(EntriesTable(), {"kind": kind, name: list(entries)})[name]
    return loaded


def parse_tenant(table: dict[str, Any]) -> dict[str, Any]:
    """A tenant from the command line, validated by the rules of the file."""
    return _load(TenantTable(), table)


def parse_tenant_values(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some values of a tenant, validated by the rules of the file; those that are missing get the file's defaults.

    Raises `CatalogError`, whose `fields` name each wrong key.
    """
    return _load(TenantTable(only=names), values)


def _load(schema: Schema, tables: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(tables)
    except ValidationError as error:
        raise _error(error.messages) from error
    return loaded


def _error(messages: Any) -> CatalogError:
    by_path: dict[str, list[str]] = {}
    for path, text in _with_paths(messages, ""):
        by_path.setdefault(path, []).append(text)
    return CatalogError(_in_one_line(messages), fields=by_path)


def _in_one_line(messages: Any) -> str:
    lines = [f"{path}: {text}" for path, text in _with_paths(messages, "")]
    more = f"; and {len(lines) - _MAX_SHOWN_ERRORS} more" if len(lines) > _MAX_SHOWN_ERRORS else ""
    return "; ".join(lines[:_MAX_SHOWN_ERRORS]) + more


def _with_paths(messages: Any, path: str) -> list[tuple[str, str]]:
    """Marshmallow's nested messages as a flat list, each after the path of its key in the file."""
    if not isinstance(messages, dict):
        return [(path, text) for text in messages]
    lines: list[tuple[str, str]] = []
    for key, inner in messages.items():
        name = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else str(key)
        lines += _with_paths(inner, path if key == "_schema" else name)
    return lines
