"""`flask orders refund`: refund an order, some of its units, or its postage."""

import click

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.orders import address_of
from lumira.cli.common.units import read_units
from lumira.database import atomic
from lumira.domain import refunds
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.domain.refund_parts import RefundParts, parts_of
from lumira.errors.orders import NotRefundable, OrderNotFound
from lumira.models import Order, Payment
from lumira.money import format_amount, parse_amount
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.schemas.refunds import REFUND_REASONS
from lumira.services.refunds.request_refund import request_refund

_ACTOR = "operator"


@click.command("refund")
@click.argument("number")
@click.option("--amount", help="Such as 10, 10.00 or '10,00 EUR'. [default: the refundable amount]")
@click.option(
    "--line",
    "lines",
    metavar="PRODUCT[:UNITS]",
    multiple=True,
    help="Refund these units at the price of the order; may be repeated.",
)
@click.option(
    "--postage/--no-postage",
    default=None,
    help="The postage, alone or with lines; or all that is refundable but the postage. "
    "[default: with the refundable amount, not with lines]",
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
    postage: bool | None,
    reason: str | None,
    payment_intent_id: str | None,
    yes: bool,
) -> None:
    """Refund the order NUMBER, also if its payment has another amount or currency.

    Example: flask orders refund LUM-7Q2MZX41KD --amount 10.00

    If Stripe is unavailable, the refund is recorded and a worker sends it; repeating the command meanwhile does
    not create a second refund.
    """
    if amount is not None and (lines or postage is not None):
        raise click.UsageError("Name an amount, or lines and postage, not both.")
    wanted = tuple(RefundLine(*read_units(line, option="--line")) for line in lines)
    tenant_id, order_id = address_of(number)
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, str(order_id))
    payment = _payment_to_refund(order, payment_intent_id)
    minor_units = None if amount is None else _minor_units(amount, payment.currency)
    command = RefundCommand(minor_units, reason, wanted, postage)
    click.echo(_summary(order, payment, parts_of(order, payment, command)))
    confirm("Refund it now?", is_confirmed=yes)
    # The command line sends no idempotency key: a repeated command is recognised by its parameters.
    call = Call(fingerprint="", actor=_ACTOR)
    result = request_refund(tenant_id, payment.stripe_payment_intent_id, call=call, command=command).value
    click.echo(f"{result.refund_id}  {result.status}  {format_amount(result.amount, payment.currency)}")
    refunded = format_amount(result.refunded_amount, payment.currency)
    click.echo(f"{order.order_number}: {refunded} refunded in total, now {result.order_status}.")


def _minor_units(amount: str, currency: str) -> int:
    try:
        minor_units = parse_amount(amount, currency)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--amount") from error
    if minor_units == 0:
        raise click.BadParameter("The amount must be more than 0.", param_hint="--amount")
    return minor_units


def _summary(order: Order, payment: Payment, parts: RefundParts) -> str:
    """Return one line that says how much of which payment is about to be refunded."""
    shown = format_amount(parts.amount, payment.currency)
    refundable = format_amount(refunds.refundable_amount(order, payment), payment.currency)
    received = format_amount(payment.amount_received, payment.currency)
    postage = format_amount(parts.shipping_amount, payment.currency) if parts.shipping_amount else ""
    return (
        f"{order.order_number}: refund {shown} of {payment.stripe_payment_intent_id} "
        f"(paid {received}, refundable {refundable}{f', of it postage {postage}' if postage else ''})."
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
