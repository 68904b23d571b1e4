"""`flask stock …`: how many pieces there are, a person's count of them, and whether it all adds up."""

import re
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.errors import ProductNotFound
from lumira.models import StockMovement
from lumira.repositories import stock_counts, stock_proof
from lumira.repositories.stock_counts import Correction, Count
from lumira.services.inventory.count_stock import adjust_stock, set_stock

stock = AppGroup("stock", help="Pieces of goods.")

_ACTOR = "operator"
#: Movements that are shown of one product.
_SHOWN = 20
_FIGURES = ("ON HAND", "HELD", "AVAILABLE", "SOLD")
#: What begins with a dash and is no option is a negative number, taken or refused as one.
_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


class Pieces(click.ParamType[int]):
    """A whole number of pieces, with a sign where it is a difference."""

    name = "pieces"

    def __init__(self, *, signed: bool) -> None:
        self.shape = re.compile(r"[+-]?[0-9]+" if signed else r"\+?[0-9]+")

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not self.shape.fullmatch(text):
            self.fail(f"{text!r} is no whole number of pieces.", param, ctx)
        digits = text.lstrip("+-0")
        if len(digits) > len(str(stock_counts.LARGEST)) or int(digits or 0) > stock_counts.LARGEST:
            self.fail(f"{text} is more than the {stock_counts.LARGEST} that are counted.", param, ctx)
        return int(text)


@stock.command("show")
@click.argument("slug", required=False)
@click.argument("product", required=False)
def show(slug: str | None, product: str | None) -> None:
    """Print the figures of all goods, of those of the tenant SLUG, or of one PRODUCT with its story."""
    rows: list[tuple[str, ...]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            counts = stock_counts.list_stock(tenant_id, product)
        rows += [(tenant_slug, *_row(count)) for count in counts]
    if product is not None and not rows:
        raise ProductNotFound(f"{slug} has no product {product} whose pieces are counted.")
    echo_table(("TENANT", "PRODUCT", *_FIGURES), rows)
    if slug is not None and product is not None:
        _tell_story(tenant_id_of(slug), product)


def _row(count: Count) -> tuple[str, ...]:
    return (count.product_id, *map(str, (count.on_hand, count.reserved, count.available, count.sold)))


def _tell_story(tenant_id: int, product_id: str) -> None:
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
        holds = stock_counts.list_reservations(tenant_id, product_id)
        movements = stock_counts.list_movements(tenant_id, product_id, limit=_SHOWN)
    if holds:
        click.echo(f"\nheld now ({zone.key})")
        rows = [(number, str(each.quantity), shown(each.expires_at, zone)) for each, number in holds]
        echo_table(("ORDER", "PIECES", "UNTIL"), rows)
    if movements:
        click.echo(f"\nlast movements ({zone.key})")
        headings = ("AT", "WHY", "ON HAND", "HELD", "SOLD", "ORDER", "BY")
        echo_table(headings, [_movement(each, number, zone) for each, number in movements])


def _movement(movement: StockMovement, order_number: str | None, zone: ZoneInfo) -> tuple[str, ...]:
    figures = (movement.on_hand, movement.reserved, movement.sold)
    signed = (f"{figure:+}" if figure else "" for figure in figures)
    at = shown(movement.created_at, zone)
    return (at, str(movement.reason), *signed, order_number or "", movement.actor)


@stock.command("set", context_settings=_NEGATIVE_NUMBERS)
@click.argument("slug")
@click.argument("product")
@click.argument("quantity", type=Pieces(signed=False))
def set_(slug: str, product: str, quantity: int) -> None:
    """Put down that there are QUANTITY pieces of PRODUCT in the house, those that are reserved included."""
    _tell(slug, set_stock(tenant_id_of(slug), product, quantity, actor=_ACTOR))


@stock.command("adjust", context_settings=_NEGATIVE_NUMBERS)
@click.argument("slug")
@click.argument("product")
@click.argument("quantity", type=Pieces(signed=True))
def adjust(slug: str, product: str, quantity: int) -> None:
    """Put down that QUANTITY pieces of PRODUCT came (+3) or are gone (-3)."""
    _tell(slug, adjust_stock(tenant_id_of(slug), product, quantity, actor=_ACTOR))


def _tell(slug: str, correction: Correction) -> None:
    now = correction.now
    changed = f"{correction.before} → {now.on_hand}" if correction.difference else f"still {now.on_hand}"
    click.echo(
        f"{slug} {now.product_id}: {changed} on hand, {now.reserved} reserved, {now.available} available."
    )
    if not correction.difference:
        click.echo("Nothing was changed.")


@stock.command("verify")
@tenant_option
def verify(slug: str | None) -> None:
    """Add all movements up again: exit code 0 only if figures, movements and orders agree."""
    products = failures = 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            products += len(stock_counts.list_stock(tenant_id))
            disagreements = stock_proof.verify(tenant_id)
        for disagreement in disagreements:
            click.echo(f"{tenant_slug} {disagreement}")
        failures += len(disagreements)
    if failures:
        raise click.ClickException(f"{failures} figure{'' if failures == 1 else 's'} of stock disagree.")
    click.echo(f"Stock adds up: {products} product{'' if products == 1 else 's'}.")
