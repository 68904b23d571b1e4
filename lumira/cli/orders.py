"""`flask orders …`: the report of an order, and an operator's decisions about it."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.customers import checked_email
from lumira.cli.common.orders import address_of
from lumira.cli.order_delivery import delivery
from lumira.cli.order_refund import refund
from lumira.cli.order_report import report_lines
from lumira.cli.order_search import export, find
from lumira.database import atomic
from lumira.domain.order_status import may_still_be_paid
from lumira.errors import NotFound
from lumira.models import MessageKind, OrderStatus
from lumira.reconciliation.cancel_order import cancel_order
from lumira.reconciliation.poll_order_now import poll_order_now
from lumira.repositories.orders import orders as order_rows
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.schemas.orders import WholeOrderResponse
from lumira.services.files.view_deliverables import view_deliverables
from lumira.services.orders.add_note import add_note
from lumira.services.orders.change_address import change_address
from lumira.services.orders.dismiss_fraud_warnings import dismiss_fraud_warnings
from lumira.services.orders.release_order import release_order
from lumira.services.orders.resend_message import resend_message
from lumira.services.orders.view_orders import OrderView, view_order

orders = AppGroup("orders", help="Orders and decisions about them.")

orders.add_command(export)
orders.add_command(find)
orders.add_command(delivery)
orders.add_command(refund)

_ACTOR = "operator"


@orders.command("show")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="As JSON, times in UTC, amounts in minor units.")
def show(number: str, as_json: bool) -> None:
    """Print the order NUMBER with its payments, refunds, stock, access and timeline.

    Example: flask orders show LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    view = view_order(tenant_id, str(order_id))
    if as_json:
        click.echo(json.dumps(_as_json(view), ensure_ascii=False, indent=2))
        return
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        order_receipts = receipts.list_receipts(tenant_id, order_id=order_id)
    work = view_deliverables(tenant_id, str(order_id))
    for line in report_lines(
        view, order_receipts, work, tenant_slug=tenant.slug, zone=ZoneInfo(tenant.time_zone)
    ):
        click.echo(line)


@orders.command("release")
@click.argument("number")
def release(number: str) -> None:
    """Complete the order NUMBER although its payment has another amount or currency.

    Example: flask orders release LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    order = release_order(tenant_id, order_id, actor=_ACTOR)
    click.echo(f"{order.order_number}: released, now {order.status}.")


@orders.command("dismiss-warning")
@click.argument("number")
def dismiss_warning(number: str) -> None:
    """Trust the payment of the order NUMBER in spite of fraud warnings, and restore access that they suspended.

    Example: flask orders dismiss-warning LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    order = dismiss_fraud_warnings(tenant_id, order_id, actor=_ACTOR)
    click.echo(f"{order.order_number}: the fraud warning is dismissed.")


@orders.command("poll")
@click.argument("number")
def poll(number: str) -> None:
    """Ask Stripe about the order NUMBER now, and record what no webhook reported.

    Example: flask orders poll LUM-7K2M9QX4TB
    """
    tenant_id, order_id = address_of(number)
    result = poll_order_now(tenant_id, order_id, actor=_ACTOR)
    found = {True: "repaired", False: "Stripe knows nothing new", None: "nothing to look up at Stripe"}
    click.echo(f"{result.order.order_number}: {found[result.is_repaired]}, now {result.order.status}.")


@orders.command("note")
@click.argument("number")
@click.argument("text")
def note(number: str, text: str) -> None:
    """Write a note on the order NUMBER, for other operators.

    Example: flask orders note LUM-7K2M9QX4TB "Sends the parcel back"
    """
    tenant_id, order_id = address_of(number)
    add_note(tenant_id, order_id, text, actor=_ACTOR)
    click.echo("Noted.")


@orders.command("resend")
@click.argument("number")
@click.argument("kind", type=click.Choice([str(kind) for kind in MessageKind]))
def resend(number: str, kind: str) -> None:
    """Send the newest message of this KIND of the order NUMBER again, also if it was sent.

    Example: flask orders resend LUM-7K2M9QX4TB order_confirmation
    """
    tenant_id, order_id = address_of(number)
    with atomic(tenant_id):
        sent = [item for item in order_rows.get_order(tenant_id, str(order_id)).messages if item.kind == kind]
    if not sent:
        raise NotFound(f"The order {number} has no message {kind}.")
    resend_message(tenant_id, order_id, sent[-1].id, actor=_ACTOR)
    click.echo("1 message due now.")


@orders.command("address")
@click.argument("number")
@click.argument("email")
def address(number: str, email: str) -> None:
    """Set or correct the buyer's address of the order NUMBER, and send its messages to EMAIL.

    The order and its access then belong to the customer of this address. Receipts stay as they were issued.

    Example: flask orders address LUM-7Q2MZX41KD ana@example.com
    """
    tenant_id, order_id = address_of(number)
    changed = change_address(tenant_id, order_id, checked_email(email), actor=_ACTOR)
    count = f"{changed.messages} message{'' if changed.messages == 1 else 's'}"
    click.echo(f"{changed.order.order_number}: belongs to {changed.customer.email} now, {count} to send.")
    if changed.orphan is not None:
        click.echo(f"The customer {changed.orphan.email} has no order left.", err=True)


@orders.command("cancel")
@click.argument("number")
def cancel(number: str) -> None:
    """Cancel the unpaid order NUMBER, at Stripe if possible, and release its stock.

    An order that was paid in the meantime is completed instead.

    Example: flask orders cancel LUM-7K2M9QX4TB
    """
    tenant_id, order_id = address_of(number)
    order = cancel_order(tenant_id, order_id, actor=_ACTOR)
    if order.status is not OrderStatus.CANCELLED:
        click.echo(
            f"{order.order_number}: not cancelled, because it was paid in the meantime: {order.status}."
        )
        return
    click.echo(f"{order.order_number}: cancelled, its stock is released.")
    if may_still_be_paid(order):
        click.echo(
            "Its payment could not be closed at Stripe. If it is paid nevertheless, the order is completed, or the "
            "payment is refunded if its stock is sold by then."
        )


def _as_json(view: OrderView) -> dict[str, Any]:
    """Return the order as the API returns it for a secret key."""
    shown: dict[str, Any] = WholeOrderResponse().dump(view)
    return shown
