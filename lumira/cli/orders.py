"""`flask orders …`: the report of an order, and an operator's decisions about it."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.customers import checked_email
from lumira.cli.common.orders import address_of
from lumira.cli.common.units import read_units
from lumira.cli.order_report import report_lines
from lumira.cli.order_search import export, find
from lumira.database import atomic
from lumira.domain import refund_lines, refunds
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.domain.order_status import may_still_be_paid
from lumira.errors import NotFound, NotRefundable, OrderNotFound
from lumira.models import MessageKind, Order, OrderStatus, Payment
from lumira.money import format_amount, parse_amount
from lumira.reconciliation.cancel_order import cancel_order
from lumira.reconciliation.poll_order_now import poll_order_now
from lumira.repositories import orders as order_rows
from lumira.repositories import receipts, tenants
from lumira.repositories.idempotent_calls import Call
from lumira.schemas.orders import WholeOrderResponse
from lumira.schemas.refunds import REFUND_REASONS
from lumira.services.files.view_deliverables import view_deliverables
from lumira.services.orders.add_note import add_note
from lumira.services.orders.change_address import change_address
from lumira.services.orders.release_order import release_order
from lumira.services.orders.resend_message import resend_message
from lumira.services.orders.view_orders import OrderView, view_order
from lumira.services.refunds.request_refund import request_refund

orders = AppGroup("orders", help="Orders and decisions about them.")

orders.add_command(export)
orders.add_command(find)

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


@orders.command("refund")
@click.argument("number")
@click.option("--amount", help="Such as 10, 10.00 or '10,00 EUR'. [default: the refundable amount]")
@click.option(
    "--line",
    "lines",
    metavar="PRODUCT[:UNITS]",
    multiple=True,
    help="Refund these units at the price of the order; may be repeated.",
)
@click.option("--reason", type=click.Choice(REFUND_REASONS), help="The reason that is sent to Stripe.")
@click.option(
    "--payment", "payment_intent_id", metavar="pi_…", help="Required if the order was paid more than once."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def refund(
    *,
    number: str,
    amount: str | None,
    lines: tuple[str, ...],
    reason: str | None,
    payment_intent_id: str | None,
    yes: bool,
) -> None:
    """Refund the order NUMBER, also if its payment has another amount or currency.

    Example: flask orders refund LUM-7Q2MZX41KD --amount 10.00

    If Stripe is unavailable, the refund is recorded and a worker sends it; repeating the command meanwhile does
    not create a second refund.
    """
    if amount is not None and lines:
        raise click.UsageError("Name an amount or lines, not both.")
    wanted = tuple(_read_line(line) for line in lines)
    tenant_id, order_id = address_of(number)
    with atomic(tenant_id):
        order = order_rows.get_order(tenant_id, str(order_id))
    payment = _payment_to_refund(order, payment_intent_id)
    minor_units = None if amount is None else _minor_units(amount, payment.currency)
    if wanted:
        minor_units = refund_lines.amount_of(order, refund_lines.freeze_lines(order, payment, wanted))
    click.echo(_refund_summary(order, payment, minor_units))
    confirm("Refund it now?", is_confirmed=yes)
    # The command line sends no idempotency key: a repeated command is recognised by its parameters.
    result = request_refund(
        tenant_id,
        payment.stripe_payment_intent_id,
        call=Call(fingerprint="", actor=_ACTOR),
        command=RefundCommand(None if wanted else minor_units, reason, wanted),
    ).value
    click.echo(f"{result.refund_id}  {result.status}  {format_amount(result.amount, payment.currency)}")
    refunded = format_amount(result.refunded_amount, payment.currency)
    click.echo(f"{order.order_number}: {refunded} refunded in total, now {result.order_status}.")


def _read_line(text: str) -> RefundLine:
    return RefundLine(*read_units(text, option="--line"))


def _minor_units(amount: str, currency: str) -> int:
    try:
        minor_units = parse_amount(amount, currency)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--amount") from error
    if minor_units == 0:
        raise click.BadParameter("The amount must be more than 0.", param_hint="--amount")
    return minor_units


def _refund_summary(order: Order, payment: Payment, amount: int | None) -> str:
    """Return one line that says how much of which payment is about to be refunded."""
    refundable = refunds.refundable_amount(order, payment)
    shown = format_amount(refundable if amount is None else amount, payment.currency)
    received = format_amount(payment.amount_received, payment.currency)
    return (
        f"{order.order_number}: refund {shown} of {payment.stripe_payment_intent_id} "
        f"(paid {received}, refundable {format_amount(refundable, payment.currency)})."
    )


def _payment_to_refund(order: Order, payment_intent_id: str | None) -> Payment:
    """Return the payment to refund; raises `NotRefundable` if there is none, or several and none was named."""
    paid = [payment for payment in order.payments if payment.has_succeeded]
    if payment_intent_id is not None:
        payment = order.find_payment(payment_intent_id)
        if payment is None:
            raise OrderNotFound(f"The order {order.order_number} has no payment {payment_intent_id}.")
        return payment
    if not paid:
        raise NotRefundable(f"Nothing was paid for the order {order.order_number}: it is {order.status}.")
    if len(paid) > 1:
        choices = ", ".join(
            f"{payment.stripe_payment_intent_id} "
            f"({format_amount(refunds.refundable_amount(order, payment), payment.currency)} refundable)"
            for payment in paid
        )
        raise NotRefundable(
            f"{order.order_number} was paid several times: choose one with --payment ({choices})."
        )
    return paid[0]


def _as_json(view: OrderView) -> dict[str, Any]:
    """Return the order as the API returns it for a secret key."""
    shown: dict[str, Any] = WholeOrderResponse().dump(view)
    return shown
