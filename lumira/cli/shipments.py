"""`flask shipments …`: the goods that are to be shipped, and the parcels that were."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.orders import address_of
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import DAY_OR_MINUTE, shown, time_of, zone_of
from lumira.cli.common.units import read_units
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.commands import GoodsUnits, ShipmentChange, ShipmentCommand
from lumira.errors.parcels import ShipmentNotFound
from lumira.models import Shipment
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.create_shipment import create_shipment
from lumira.services.shipments.view_to_ship import OrderToShip, view_to_ship

shipments = AppGroup("shipments", help="Goods to ship, and parcels.")

_ACTOR = "operator"
_SHIPMENT = "The parcel; required if several are on their way."

_Command = TypeVar("_Command", bound=Callable[..., Any])


def tracking_options(command: _Command) -> _Command:
    """Add the options that say how a parcel is followed: `carrier`, `tracking_number` and `tracking_url`."""
    for option in (
        click.option(
            "--url",
            "tracking_url",
            metavar="URL",
            help="The page that shows the parcel. [default: a known carrier's]",
        ),
        click.option("--tracking", "tracking_number", metavar="NUMBER", help="The number on the label."),
        click.option("--carrier", help="Such as colissimo, mondial_relay or ups, or another name."),
    ):
        command = option(command)
    return command


@shipments.command("list")
@tenant_option
@click.option("--product", "product_id", metavar="PRODUCT", help="Only orders of this product.")
@limit_option
def list_(slug: str | None, product_id: str | None, limit: int) -> None:
    """List the orders whose goods are to be shipped, those that were paid first before the others.

    Example: flask shipments list --tenant boutique
    """
    found: list[tuple[OrderToShip, str, ZoneInfo]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
        waiting = view_to_ship(tenant_id, product_id=product_id, limit=limit).orders
        found += [(each, tenant_slug, zone) for each in waiting]
    found.sort(key=lambda row: row[0].paid_at)
    echo_table(("ORDER", "TENANT", "PAID", "TO SHIP", "NOTE"), [_row(*row) for row in found[:limit]])


def _row(waiting: OrderToShip, slug: str, zone: ZoneInfo) -> tuple[str, ...]:
    units = ", ".join(f"{units} x {line.product_id}" for line, units in waiting.lines)
    note = "inquiry of the bank" if waiting.has_inquiry else ""
    note = note or ("fraud warning" if waiting.has_fraud_warning else "")
    return (
        waiting.order.order_number,
        slug,
        shown(waiting.paid_at, zone),
        units,
        f"not now: {waiting.why_not}" if waiting.why_not else note,
    )


@shipments.command("create")
@click.argument("number")
@click.option(
    "--line",
    "lines",
    metavar="PRODUCT[:UNITS]",
    multiple=True,
    help="Units in the parcel; may be repeated. [default: all that are to be shipped]",
)
@tracking_options
@click.option(
    "--shipped", type=DAY_OR_MINUTE, help="When it was shipped, in the tenant's time zone. [default: now]"
)
def create(
    *,
    number: str,
    lines: tuple[str, ...],
    carrier: str | None,
    tracking_number: str | None,
    tracking_url: str | None,
    shipped: datetime | None,
) -> None:
    """Record a parcel of the order NUMBER; the buyer gets a message with its link.

    Example: flask shipments create LUM-7Q2MZX41KD --carrier ups
    """
    units = tuple(GoodsUnits(*read_units(line, option="--line")) for line in lines)
    tenant_id, order_id = address_of(number)
    command = ShipmentCommand(
        carrier, tracking_number, tracking_url, shipped_at=_time_in(tenant_id, shipped), lines=units
    )
    result = create_shipment(tenant_id, str(order_id), command, call=_call()).value
    packed = ", ".join(f"{line['quantity']} x {line['product_id']}" for line in result.lines)
    click.echo(f"{result.order_number}: parcel {result.id} with {packed}, now {result.fulfilment}.")
    if result.tracking_url is not None:
        click.echo(result.tracking_url)


@shipments.command("deliver")
@click.argument("number")
@click.option("--shipment", "shipment_id", type=click.UUID, help=_SHIPMENT)
@click.option(
    "--delivered", type=DAY_OR_MINUTE, help="When it was delivered, in the tenant's time zone. [default: now]"
)
def deliver(number: str, shipment_id: UUID | None, delivered: datetime | None) -> None:
    """Record that a parcel of the order NUMBER was delivered: the period for a withdrawal begins.

    Example: flask shipments deliver LUM-7Q2MZX41KD --delivered 2026-11-27
    """
    tenant_id, order_id = address_of(number)
    at = _time_in(tenant_id, delivered) or utc_now()
    if shipment_id is None:
        shipment_id = _only_one_on_its_way(tenant_id, str(order_id))
    change = ShipmentChange(delivered_at=at)
    result = change_shipment(tenant_id, str(order_id), shipment_id, change, call=_call()).value
    click.echo(f"{result.order_number}: delivered {result.delivered_at}, now {result.fulfilment}.")


@shipments.command("correct")
@click.argument("number")
@click.option("--shipment", "shipment_id", type=click.UUID, help=_SHIPMENT)
@tracking_options
def correct(
    *,
    number: str,
    shipment_id: UUID | None,
    carrier: str | None,
    tracking_number: str | None,
    tracking_url: str | None,
) -> None:
    """Correct how a parcel of the order NUMBER is followed; the buyer sees it in the portal, and gets no message.

    Example: flask shipments correct LUM-7Q2MZX41KD --tracking 6A12345678901
    """
    if carrier is None and tracking_number is None and tracking_url is None:
        raise click.UsageError("Name what is to be corrected: --carrier, --tracking or --url.")
    tenant_id, order_id = address_of(number)
    shipment_id = shipment_id or _only_one_on_its_way(tenant_id, str(order_id))
    change = ShipmentChange(carrier, tracking_number, tracking_url)
    result = change_shipment(tenant_id, str(order_id), shipment_id, change, call=_call()).value
    followed = (result.carrier, result.tracking_number, result.tracking_url)
    click.echo(f"{result.order_number}: {' '.join(part for part in followed if part)}")


@shipments.command("cancel")
@click.argument("number")
@click.option("--shipment", "shipment_id", type=click.UUID, help=_SHIPMENT)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def cancel(number: str, shipment_id: UUID | None, yes: bool) -> None:
    """Record that a parcel of the order NUMBER was not sent, or was lost: its units are to be shipped again.

    Example: flask shipments cancel LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    shipment_id = shipment_id or _only_one_on_its_way(tenant_id, str(order_id))
    confirm(f"Cancel the parcel {shipment_id} of {number.upper()}?", is_confirmed=yes)
    change = ShipmentChange(is_cancelled=True)
    result = change_shipment(tenant_id, str(order_id), shipment_id, change, call=_call()).value
    click.echo(f"{result.order_number}: cancelled, now {result.fulfilment}.")


def _only_one_on_its_way(tenant_id: int, reference: str) -> UUID:
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        on_their_way = [each for each in order.shipments if each.is_sent and not each.is_delivered]
        if not on_their_way:
            raise ShipmentNotFound(f"No parcel of the order {order.order_number} is on its way.")
        if len(on_their_way) > 1:
            raise click.UsageError(f"Choose one with --shipment:\n{_listed(on_their_way)}")
        return on_their_way[0].id


def _listed(parcels: Sequence[Shipment]) -> str:
    return "\n".join(
        " ".join(part for part in (str(each.id), each.carrier, each.tracking_number) if part)
        for each in parcels
    )


def _time_in(tenant_id: int, entered: datetime | None) -> datetime | None:
    if entered is None:
        return None
    with atomic(tenant_id):
        return time_of(entered, zone_of(tenant_id), now=utc_now())


def _call() -> Call:
    # The command line sends no idempotency key: no more units are recorded than are to be shipped.
    return Call(fingerprint="", actor=_ACTOR)
