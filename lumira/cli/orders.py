"""`flask orders …`: one order's whole story, and a person's decision about it."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.database import atomic
from lumira.errors import NotRefundable, OrderNotFound
from lumira.models import Order, Payment, RefundRequest
from lumira.money import format_amount
from lumira.schemas.orders import WholeOrderResponse
from lumira.schemas.refunds import REFUND_REASONS
from lumira.services import orders as order_rows
from lumira.services import refund_requests, refunds, tenants
from lumira.services.idempotency import Call
from lumira.services.release_order import release_order
from lumira.services.request_refund import RefundWanted, request_refund
from lumira.services.view_orders import OrderView, view_order

orders = AppGroup("orders", help="Orders and decisions about them.")

_ACTOR = "operator"


@orders.command("show")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="As JSON, times in UTC, amounts in minor units.")
def show(number: str, as_json: bool) -> None:
    """Print the order NUMBER and all that happened to it."""
    tenant_id, order_id = _address_of(number)
    view = view_order(tenant_id, str(order_id))
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
    if as_json:
        click.echo(json.dumps(_as_json(view), ensure_ascii=False, indent=2))
        return
    for line in _account(view, tenant_slug=tenant.slug, zone=ZoneInfo(tenant.time_zone)):
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
    wanted = RefundWanted(payment.stripe_payment_intent_id, amount, reason)
    # A person has no key to repeat a call by: one who repeats the command is understood by what it asks.
    made = request_refund(tenant_id, call=Call(fingerprint="", actor=_ACTOR), wanted=wanted).value
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
            f"({format_amount(refund_requests.left(order, payment), payment.currency)} left)"
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
    refunded = refunds.refunded_amount(view.order)
    shown: dict[str, Any] = WholeOrderResponse().dump(
        {"order": view.order, "timeline": view.timeline, "refunded_amount": refunded}
    )
    return shown


def _account(view: OrderView, *, tenant_slug: str, zone: ZoneInfo) -> Iterator[str]:
    order = view.order
    yield f"{order.order_number}  {order.status}  {format_amount(order.amount, order.currency)}"
    yield from _header(order, tenant_slug=tenant_slug, zone=zone)
    yield "lines"
    for line in order.lines:
        price = format_amount(line.unit_amount, order.currency)
        yield f"  {line.quantity} x {line.product_id}  {line.product_name}  {price}"
    yield from _money(order)
    yield from _given(order, zone)
    yield f"timeline ({zone.key})"
    for entry in view.timeline:
        yield f"  {_time(entry.at, zone)}  {entry.what}{f'  {entry.why}' if entry.why else ''}"


def _header(order: Order, *, tenant_slug: str, zone: ZoneInfo) -> Iterator[str]:
    yield f"  tenant    {tenant_slug}{'' if order.livemode else ' (test mode)'}"
    name = f"{order.customer_name} " if order.customer_name else ""
    yield f"  buyer     {name}{f'<{order.customer_email}>' if order.customer_email else 'unknown'}"
    yield f"  opened    {_time(order.created_at, zone)}"
    if order.completed_at is not None:
        yield f"  completed {_time(order.completed_at, zone)}"
    if order.review_reason is not None:
        yield f"  review    {order.review_reason}: `flask orders release {order.order_number}` accepts it"
        yield f"            and `flask orders refund {order.order_number}` sends it back"


def _money(order: Order) -> Iterator[str]:
    if order.payments:
        yield "payments"
    for payment in order.payments:
        yield (
            f"  {payment.stripe_payment_intent_id}  {payment.state}  "
            f"asked {format_amount(payment.amount, order.currency)}, "
            f"received {format_amount(payment.amount_received, payment.currency)}"
        )
    if order.refunds or order.charges or order.refund_requests:
        refunded = format_amount(refunds.refunded_amount(order), order.currency)
        yield f"refunds ({refunded} in all)"
    for refund in order.refunds:
        amount = format_amount(refund.amount, refund.currency)
        yield f"  {refund.stripe_refund_id}  {refund.status}  {amount}"
    for request in order.refund_requests:
        if request.stripe_refund_id is None:
            yield f"  {_asked(order, request)}"
    if order.disputes:
        yield "disputes"
    for dispute in order.disputes:
        amount = format_amount(dispute.amount, dispute.currency)
        yield f"  {dispute.stripe_dispute_id}  {dispute.status}  {amount}"


def _asked(order: Order, request: RefundRequest) -> str:
    """A refund that Stripe was asked for, or will be, and has not made."""
    amount = format_amount(request.amount, order.currency)
    refusal = request.refusal or {}
    what = f"refused: {refusal.get('message')}" if refusal else "not made yet"
    return f"{amount} of {request.stripe_payment_intent_id}  {request.origin}  {what}"


def _given(order: Order, zone: ZoneInfo) -> Iterator[str]:
    if order.grants:
        yield "access"
    for grant in order.grants:
        state = "active" if grant.is_live else "expired" if grant.is_expired else "revoked"
        until = f"  until {_time(grant.expires_at, zone)}" if grant.expires_at else ""
        yield f"  {grant.product_id}  {state}  {grant.reason}{until}"
    if order.messages:
        yield "messages"
    for message in order.messages:
        error = f"  {message.last_error}" if message.last_error and message.sent_at is None else ""
        yield f"  {message.kind}  {message.status}{error}"


def _time(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"
