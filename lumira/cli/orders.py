"""`flask orders …`: one order's whole story, and a person's decision about it."""

import json
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.order_report import account
from lumira.database import atomic
from lumira.domain import refunds
from lumira.domain.commands import RefundCommand
from lumira.errors import NotRefundable, OrderNotFound
from lumira.models import Order, Payment
from lumira.money import format_amount
from lumira.repositories import orders as order_rows
from lumira.repositories import receipts, tenants
from lumira.repositories.idempotency import Call
from lumira.schemas.orders import WholeOrderResponse
from lumira.schemas.refunds import REFUND_REASONS
from lumira.services.files.view_deliverables import view_deliverables
from lumira.services.orders.release_order import release_order
from lumira.services.orders.view_orders import OrderView, view_order
from lumira.services.refunds.request_refund import request_refund

orders = AppGroup("orders", help="Orders and decisions about them.")

_ACTOR = "operator"


@orders.command("show")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="As JSON, times in UTC, amounts in minor units.")
def show(number: str, as_json: bool) -> None:
    """Print the order NUMBER and all that happened to it."""
    tenant_id, order_id = _address_of(number)
    view = view_order(tenant_id, str(order_id))
    if as_json:
        click.echo(json.dumps(_as_json(view), ensure_ascii=False, indent=2))
        return
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        papers = receipts.list_receipts(tenant_id, order_id=order_id)
    work = view_deliverables(tenant_id, str(order_id))
    for line in account(view, papers, work, tenant_slug=tenant.slug, zone=ZoneInfo(tenant.time_zone)):
        click.echo(line)


@orders.command("release")
@click.argument("number")
def release(number: str) -> None:
    """Serve the order NUMBER, whose payment is not what was asked, with what was paid."""
    tenant_id, order_id = _address_of(number)
    order = release_order(tenant_id, order_id, actor=_ACTOR)
    click.echo(f"{order.order_number}: released, now {order.status}.")


@orders.command("refund")
@click.argument("number")
@click.option("--amount", metavar="MINOR", type=click.IntRange(min=1), help="[default: all that is left]")
@click.option("--reason", type=click.Choice(REFUND_REASONS), help="Stripe's word for it.")
@click.option("--payment", "named", metavar="pi_…", help="Needed where the order was paid more than once.")
def refund(number: str, amount: int | None, reason: str | None, named: str | None) -> None:
    """Send the money of the order NUMBER back, also where its payment is not what was asked.

    Stripe being out of reach, the refund is noted and a worker makes it; the same command again does not
    make a second one meanwhile.
    """
    tenant_id, order_id = _address_of(number)
    with atomic(tenant_id):
        order = order_rows.get_order(tenant_id, str(order_id))
    payment = _payment_to_refund(order, named)
    shown = "what is left" if amount is None else format_amount(amount, payment.currency)
    click.echo(f"{order.order_number}: refunding {shown} of {payment.stripe_payment_intent_id}.")
    # A person has no key to repeat a call by: one who repeats the command is understood by what it asks.
    made = request_refund(
        tenant_id,
        payment.stripe_payment_intent_id,
        call=Call(fingerprint="", actor=_ACTOR),
        command=RefundCommand(amount, reason),
    ).value
    click.echo(f"{made.refund_id}  {made.status}  {format_amount(made.amount, payment.currency)}")
    refunded = format_amount(made.refunded_amount, payment.currency)
    click.echo(f"{order.order_number}: {refunded} refunded in all, now {made.order_status}.")


def _payment_to_refund(order: Order, named: str | None) -> Payment:
    """The payment that is meant; `NotRefundable` if there is none, or nobody said which of several."""
    paid = [payment for payment in order.payments if payment.has_succeeded]
    if named is not None:
        payment = order.find_payment(named)
        if payment is None:
            raise OrderNotFound(f"The order {order.order_number} has no payment {named}.")
        return payment
    if not paid:
        raise NotRefundable(f"Nothing was paid for the order {order.order_number}: it is {order.status}.")
    if len(paid) > 1:
        known = ", ".join(
            f"{payment.stripe_payment_intent_id} "
            f"({format_amount(refunds.refundable_amount(order, payment), payment.currency)} left)"
            for payment in paid
        )
        raise NotRefundable(f"{order.order_number} was paid several times, name one with --payment: {known}.")
    return paid[0]


def _address_of(number: str) -> tuple[int, UUID]:
    with atomic(None):
        address = order_rows.find_address(number.strip())
    if address is None:
        raise OrderNotFound(f"There is no order {number}.")
    return address


def _as_json(view: OrderView) -> dict[str, Any]:
    """The order as the API shows it to a secret key."""
    shown: dict[str, Any] = WholeOrderResponse().dump(view)
    return shown
