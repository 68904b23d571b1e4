"""`flask stock …`: the stock of physical products, corrections of it, and the proof that its figures agree."""

import re
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.commands import MAX_UNITS
from lumira.errors.catalog import ProductNotFound
from lumira.models import StockMovement
from lumira.repositories.inventory import stock_counts, stock_proof
from lumira.repositories.inventory.stock_counts import StockFigures
from lumira.services.inventory.correct_stock import StockCorrection, adjust_stock, set_stock

stock = AppGroup("stock", help="Stock of physical products, in units.")

_ACTOR = "operator"
#: Movements that `show` prints of one product.
_MOVEMENTS_SHOWN = 20
_FIGURES = ("ON HAND", "RESERVED", "AVAILABLE", "SOLD")
#: An argument that begins with a dash is a negative number, and accepted or refused as one.
_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


class Units(click.ParamType[int]):
    """A whole number of units; with `signed`, a difference that may be negative."""

    name = "units"

    def __init__(self, *, signed: bool) -> None:
        self.pattern = re.compile(r"[+-]?[0-9]+" if signed else r"\+?[0-9]+")

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not self.pattern.fullmatch(text):
            self.fail(f"{text!r} is not a whole number of units.", param, ctx)
        digits = text.lstrip("+-0")
        # The length first: Python refuses to convert very long numbers.
        if len(digits) > len(str(MAX_UNITS)) or int(digits or 0) > MAX_UNITS:
            self.fail(f"{text} is more than {MAX_UNITS} units.", param, ctx)
        return int(text)


@stock.command("show")
@click.argument("slug", required=False)
@click.argument("product", required=False)
def show(slug: str | None, product: str | None) -> None:
    """Print the stock of all products, of those of the tenant SLUG, or of one PRODUCT with its movements.

    Example: flask stock show boutique tasse-gres
    """
    rows: list[tuple[str, ...]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            products = stock_counts.list_stock(tenant_id, None if product is None else [product])
        rows += [(tenant_slug, *_row(figures)) for figures in products]
    if product is not None and not rows:
        raise ProductNotFound(f"{slug} has no product {product} with stock.")
    echo_table(("TENANT", "PRODUCT", *_FIGURES), rows)
    if slug is not None and product is not None:
        _echo_history(tenant_id_of(slug), product)


def _row(figures: StockFigures) -> tuple[str, ...]:
    units = (figures.on_hand, figures.reserved, figures.available, figures.sold)
    return (figures.product_id, *map(str, units))


def _echo_history(tenant_id: int, product_id: str) -> None:
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
        reservations = stock_counts.list_reservations(tenant_id, product_id)
        movements = stock_counts.list_movements(tenant_id, product_id, limit=_MOVEMENTS_SHOWN)
    if reservations:
        click.echo(f"\nreserved now ({zone.key})")
        rows = [
            (number, str(reservation.quantity), shown(reservation.expires_at, zone))
            for reservation, number in reservations
        ]
        echo_table(("ORDER", "UNITS", "UNTIL"), rows)
    if movements:
        click.echo(f"\nlast movements ({zone.key})")
        headings = ("AT", "REASON", "ON HAND", "RESERVED", "SOLD", "ORDER", "BY")
        echo_table(headings, [_movement(movement, number, zone) for movement, number in movements])


def _movement(movement: StockMovement, order_number: str | None, zone: ZoneInfo) -> tuple[str, ...]:
    figures = (movement.on_hand, movement.reserved, movement.sold)
    signed = (f"{figure:+}" if figure else "" for figure in figures)
    at = shown(movement.created_at, zone)
    return (at, str(movement.reason), *signed, order_number or "", movement.actor)


@stock.command("set", context_settings=_NEGATIVE_NUMBERS)
@click.argument("slug")
@click.argument("product")
@click.argument("quantity", type=Units(signed=False))
def set_(slug: str, product: str, quantity: int) -> None:
    """Set the units of PRODUCT on hand to QUANTITY, reserved units included.

    Example: flask stock set boutique tasse-gres 40
    """
    _echo_correction(slug, set_stock(tenant_id_of(slug), product, quantity, actor=_ACTOR))


@stock.command("adjust", context_settings=_NEGATIVE_NUMBERS)
@click.argument("slug")
@click.argument("product")
@click.argument("quantity", type=Units(signed=True))
def adjust(slug: str, product: str, quantity: int) -> None:
    """Add QUANTITY units of PRODUCT to stock (+3), or remove them (-3).

    Example: flask stock adjust boutique tasse-gres -3
    """
    _echo_correction(slug, adjust_stock(tenant_id_of(slug), product, quantity, actor=_ACTOR))


def _echo_correction(slug: str, correction: StockCorrection) -> None:
    after = correction.after
    on_hand = f"{correction.before} → {after.on_hand}" if correction.difference else f"still {after.on_hand}"
    click.echo(
        f"{slug} {after.product_id}: {on_hand} on hand, {after.reserved} reserved, {after.available} available."
    )
    if not correction.difference:
        click.echo("Nothing was changed.")


@stock.command("verify")
@tenant_option
def verify(slug: str | None) -> None:
    """Compare the stock figures with their movements and orders: exit code 0 only if all agree.

    Example: flask stock verify --tenant boutique
    """
    products = failures = 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            products += len(stock_counts.list_stock(tenant_id))
            disagreements = stock_proof.verify(tenant_id)
        for disagreement in disagreements:
            click.echo(f"{tenant_slug} {disagreement}")
        failures += len(disagreements)
    if failures:
        raise click.ClickException(
            f"{failures} stock figure{' disagrees' if failures == 1 else 's disagree'}."
        )
    click.echo(f"Stock agrees: {products} product{'' if products == 1 else 's'}.")
