"""`flask catalog …`: the products of a tenant, from a catalog file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from config.settings import Settings
from lumira.cli.common.confirmation import confirm
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.stripe.setup import base_url
from lumira.errors.catalog import CatalogError
from lumira.models import (
    FraudWarningPolicy,
    LostDisputePolicy,
    PaymentPage,
    ReleaseOnFailure,
    WithdrawalPolicy,
)
from lumira.money import format_amount
from lumira.repositories.catalog import products
from lumira.repositories.catalog.catalog_products import Change, FieldChange, ProductChange
from lumira.repositories.catalog.product_groups import GroupChange
from lumira.repositories.tenants import tenants
from lumira.schemas import catalog_file
from lumira.services.catalog.apply_catalog import apply_catalog, find_moved_levels
from lumira.services.catalog.catalog import (
    Catalog,
    CatalogDifference,
    CatalogTenant,
    MovedLevel,
    RenamedProduct,
    contents_of,
    group_of,
    product_of,
)

catalog = AppGroup("catalog", help="The products of a tenant.")

_ACTOR = "operator"
_SIGN = {Change.ADDED: "+", Change.CHANGED: "~", Change.REMOVED: "-", Change.RESTORED: "+"}


def read_catalog(path: Path) -> Catalog:
    """Return the catalog in the file; raises `CatalogError` with the line or key that is wrong."""
    loaded = catalog_file.read(path)
    tenant = loaded["tenant"]
    return Catalog(
        CatalogTenant(**(tenant | _policies(tenant)), shipping_zones=loaded["shipping_zones"] or None),
        tuple(product_of(product) for product in loaded["products"]),
        tuple(
            content
            for product in loaded["products"]
            for content in contents_of(product["id"], product["contents"])
        ),
        tuple(map(group_of, loaded["product_groups"])),
    )


def _policies(tenant: dict[str, Any]) -> dict[str, Any]:
    return {
        "release_on_failure": ReleaseOnFailure(tenant["release_on_failure"]),
        "payment_page": PaymentPage(tenant["payment_page"]),
        "on_fraud_warning": FraudWarningPolicy(tenant["on_fraud_warning"]),
        "withdrawal_policy": WithdrawalPolicy(tenant["withdrawal_policy"]),
        "crm": None if tenant["crm"] is None else _crm(tenant["crm"]),
    }


def _crm(table: dict[str, Any]) -> dict[str, Any]:
    if "lost_disputes" not in table:
        return table
    return {**table, "lost_disputes": LostDisputePolicy(table["lost_disputes"])}


@catalog.command("links")
@click.argument("slug")
def links(slug: str) -> None:
    """Print the checkout link of the tenant SLUG's shop and of each product on sale.

    Example: flask catalog links oracle-lumira
    """
    settings: Settings = current_app.extensions["lumira"]
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        domains = tenants.list_domains(tenant_id)
        product_ids = [product.id for product in products.list_products(tenant_id)]
    # A tenant's domain may be that of a site of its own, which has no checkout: it comes second.
    base = base_url(settings.public_url, domains)
    if base is None:
        raise click.ClickException("Set PUBLIC_URL: a link needs the address that serves Lumira's pages.")
    shop = f"{base}/checkout/{slug}"
    for link in (shop, *(f"{shop}/{product_id}" for product_id in product_ids)):
        click.echo(link)


@catalog.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the difference and change nothing.")
@click.option(
    "--overwrite", is_flag=True, help="Also change products and settings that were changed in the dashboard."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def apply(file: Path, dry_run: bool, overwrite: bool, yes: bool) -> None:
    """Create or change a tenant and its products as described in FILE, and print the changes.

    Asks for confirmation if a level that buyers have access to gets another number.

    Example: flask catalog apply boutique.toml --dry-run
    """
    described = read_catalog(file)
    settings: Settings = current_app.extensions["lumira"]
    if described.tenant.alert_email is None and not settings.is_development:
        raise CatalogError(
            f"{file}: tenant.alert_email: Required in production: the team's address for alerts."
        )
    if not dry_run:
        _confirm_moves(find_moved_levels(described, actor=_ACTOR), is_confirmed=yes)
    difference = apply_catalog(described, actor=_ACTOR, dry_run=dry_run, overwrite=overwrite)
    for line in [*_lines(difference), *map(_renamed, difference.renamed)]:
        click.echo(line)
    if dry_run:
        _warn_of(difference.moved_levels)
        for name in difference.overwritten:
            click.echo(f"{name} was changed in the dashboard: --overwrite is needed.")
    if described.tenant.order_prefix not in (None, difference.order_prefix):
        click.echo(
            f"The order prefix stays {difference.order_prefix}: it cannot change after the tenant was created.",
            err=True,
        )
    if described.leaves_withdrawal:
        click.echo(
            "Buyers of digital content may withdraw within 14 days: set terms_version and terms_url to ask them for "
            "its immediate delivery, which ends this right.",
            err=True,
        )
    if dry_run:
        click.echo("Dry run: nothing was changed.")


def _confirm_moves(moved: Sequence[MovedLevel], *, is_confirmed: bool) -> None:
    _warn_of(moved)
    if moved:
        confirm("Change these numbers?", is_confirmed=is_confirmed)


def _warn_of(moved: Sequence[MovedLevel]) -> None:
    for level in moved:
        after = "no level any more" if level.after is None else f"level {level.after}"
        click.echo(
            f"{level.product_id} was level {level.before} and will be {after}: {level.grants} grants keep it and what "
            f"it included, but level={level.before} will not name it."
        )


def _renamed(product: RenamedProduct) -> str:
    return (
        f"{product.after} has the name of {product.before}, which is no longer on sale. If it is the same product, "
        f"apply the file with the id {product.before}: {product.units} units of stock, {product.grants} grants and "
        f"{product.contents} contents stay under {product.before}, and {product.after} starts without them."
    )


def _lines(difference: CatalogDifference) -> list[str]:
    if difference.is_empty:
        return [f"{difference.slug}: nothing to change."]
    lines = [f"{difference.slug}: created" if difference.tenant_created else f"{difference.slug}: changed"]
    lines += [f"  {field.name} {_change(field, difference.currency)}" for field in difference.tenant_fields]
    lines += [f"  + domain {domain}" for domain in difference.domains_added]
    lines += [f"  - domain {domain}" for domain in difference.domains_removed]
    lines += [_group(group, difference.currency) for group in difference.groups]
    lines += [_product(product, difference.currency) for product in difference.products]
    return lines


def _product(product: ProductChange, currency: str) -> str:
    line = f"  {_SIGN[product.change]} {product.product_id}"
    if product.change is Change.REMOVED:
        return f"{line}: no longer on sale"
    if product.change is Change.ADDED:
        values = {field.name: field.after for field in product.fields}
        level = f", level {values['level_number']}" if values["level_number"] is not None else ""
        stock = f", {values['stock']} in stock" if "stock" in values else ""
        parts = "".join(f", {part}" for part in _parts(values))
        return (
            f"{line}: {values['name']}, {_value('amount', values['amount'], currency)}{level}{stock}{parts}"
        )
    changes = ", ".join(_field_change(field, currency) for field in product.fields)
    if product.change is Change.RESTORED:
        return f"{line}: on sale again{', ' if changes else ''}{changes}"
    return f"{line}: {changes}"


def _group(group: GroupChange, currency: str) -> str:
    if group.is_new:
        values = {field.name: field.after for field in group.fields}
        return f"  + group {group.group_id}: {values['name']} ({values['options']})"
    changes = ", ".join(_field_change(field, currency) for field in group.fields)
    return f"  ~ group {group.group_id}: {changes}"


def _parts(values: dict[str, str | int | None]) -> list[str]:
    """Return the contents and deliverables of a new product."""
    parts = [f"{name}: {value}" for name, value in values.items() if name.startswith("content ")]
    return parts + [f"made for each buyer: {values[name]}" for name in ("deliverables",) if name in values]


def _field_change(field: FieldChange, currency: str) -> str:
    if field.name == "stock":
        # The number in the file is for new products: the stock of an existing product is unknown.
        return f"has stock from now on, {field.after} units (set them with `flask stock set`)"
    return f"{field.name} {_change(field, currency)}"


def _change(field: FieldChange, currency: str) -> str:
    before, after = (_value(field.name, value, currency) for value in (field.before, field.after))
    return f"{before} → {after}"


def _value(name: str, value: str | int | None, currency: str) -> str:
    if name == "amount" and isinstance(value, int):
        return format_amount(value, currency)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(str(value)) if name in ("name", "description") else str(value)
