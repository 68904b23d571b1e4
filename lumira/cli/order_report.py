"""The report of an order for a terminal."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from lumira.cli.common.times import shown, shown_exactly
from lumira.cli.deliverables import in_state
from lumira.cli.repairs import command_for
from lumira.domain import fraud_warnings, payments
from lumira.domain.waiting_texts import sentence
from lumira.models import Language, Order, Receipt, RefundRequest
from lumira.money import format_amount
from lumira.repositories.fulfilment.deliverables import DeliverableView
from lumira.services.orders.view_orders import OrderView


def report_lines(
    view: OrderView,
    receipts: Sequence[Receipt],
    work: Sequence[DeliverableView],
    *,
    tenant_slug: str,
    zone: ZoneInfo,
) -> Iterator[str]:
    """Yield the lines of `flask orders show`: the order, its payments and documents, its access and the timeline."""
    order = view.order
    yield f"{order.order_number}  {order.status}  {format_amount(order.amount, order.currency)}"
    yield from _header(order, tenant_slug=tenant_slug, zone=zone)
    yield from _waiting(view, zone)
    yield "lines"
    for line in order.lines:
        price = format_amount(line.unit_amount, order.currency)
        repeated = "  (of an earlier order of this customer)" if line.is_repeated else ""
        yield f"  {line.quantity} x {line.product_id}  {line.product_name}  {price}{repeated}"
    if order.promotion_code is not None:
        discount = format_amount(-order.discount_amount, order.currency)
        yield f"  promotion code {order.promotion_code}  {discount}  {order.promotion_use}"
    yield from _stock(order)
    yield from _sessions(order, zone)
    yield from _payments(order)
    yield from _refunds(order)
    yield from _withdrawals(order, zone)
    yield from _disputes(order)
    yield from _fraud_warnings(order)
    yield from _receipts(receipts, zone)
    yield from _grants(order, zone)
    yield from _deliverables(work)
    yield from _messages(order)
    yield f"timeline ({zone.key})"
    for entry in view.timeline:
        yield f"  {shown_exactly(entry.at, zone)}  {entry.what}{f'  {entry.why}' if entry.why else ''}"


def _header(order: Order, *, tenant_slug: str, zone: ZoneInfo) -> Iterator[str]:
    yield f"  tenant    {tenant_slug}{'' if order.livemode else ' (test mode)'}"
    name = f"{order.customer_name} " if order.customer_name else ""
    yield f"  buyer     {name}{f'<{order.customer_email}>' if order.customer_email else 'unknown'}"
    yield f"  opened    {shown_exactly(order.created_at, zone)}"
    if order.consents is not None:
        delivery = ", immediate delivery" if order.consents["immediate_delivery"] else ""
        yield f"  consents  terms {order.consents['terms'] or 'not accepted'}{delivery}"
    if order.completed_at is not None:
        yield f"  completed {shown_exactly(order.completed_at, zone)}"
    if order.review_reason is not None:
        yield f"  review    {order.review_reason}: `flask orders release {order.order_number}` completes it as paid"
        yield f"            and `flask orders refund {order.order_number}` refunds it"
    if order.test_ended_at is not None:
        yield f"  test sale ended  {shown_exactly(order.test_ended_at, zone)}: the shop sells live"
    if order.sold_out_at is not None:
        yield f"  sold out  {shown_exactly(order.sold_out_at, zone)}: unavailable when paid, refunded automatically"
    if order.next_poll_at is not None:
        yield f"  next poll {shown_exactly(order.next_poll_at, zone)}, when Lumira looks the order up at Stripe"


def _waiting(view: OrderView, zone: ZoneInfo) -> Iterator[str]:
    """Yield why the order is not completed, and the command that repairs it."""
    if view.waiting is None:
        return
    yield f"  waits     {sentence(view.waiting, Language.ENGLISH, lambda at: shown(at, zone))}"
    command = command_for(view.waiting, view.order.order_number)
    if command is not None:
        yield f"            {command}"


def _stock(order: Order) -> Iterator[str]:
    """Yield the units that are reserved, sold or released."""
    if order.reservations:
        yield "stock"
    for reservation in order.reservations:
        yield f"  {reservation.product_id}  {reservation.quantity}  {reservation.state}"


def _sessions(order: Order, zone: ZoneInfo) -> Iterator[str]:
    """Yield the order's Checkout Sessions."""
    if order.sessions:
        yield "checkout sessions"
    for session in order.sessions:
        awaited = ", waiting for a delayed payment" if session.is_awaited else ""
        until = f", until {shown(session.expires_at, zone)}" if session.is_open else ""
        yield f"  {session.stripe_session_id}  {session.state}{awaited}{until}"


def _payments(order: Order) -> Iterator[str]:
    if order.payments:
        yield "payments"
    for payment in order.payments:
        yield (
            f"  {payment.stripe_payment_intent_id}  {payment.state}  "
            f"requested {format_amount(payment.amount, order.currency)}, "
            f"received {format_amount(payment.amount_received, payment.currency)}"
            f"{', an attempt is in progress' if payments.has_open_attempt(order, payment) else ''}"
        )


def _refunds(order: Order) -> Iterator[str]:
    if order.refunds or order.charges or order.refund_requests:
        refunded = format_amount(order.refunded_amount, order.currency)
        yield f"refunds ({refunded} in total)"
    for refund in order.refunds:
        amount = format_amount(refund.amount, refund.currency)
        yield f"  {refund.stripe_refund_id}  {refund.status}  {amount}"
    for request in order.refund_requests:
        if request.stripe_refund_id is None:
            yield f"  {_unconfirmed_refund(order, request)}"


def _withdrawals(order: Order, zone: ZoneInfo) -> Iterator[str]:
    if order.withdrawals:
        yield "withdrawals"
    products = {line.id: line.product_id for line in order.lines}
    for withdrawal in order.withdrawals:
        units = ", ".join(f"{line.quantity} x {products[line.order_line_id]}" for line in withdrawal.lines)
        state = withdrawal.decision or "waits for a decision"
        yield f"  {shown(withdrawal.requested_at, zone)}  {withdrawal.via}  {units}  {state}"


def _disputes(order: Order) -> Iterator[str]:
    if order.disputes:
        yield "disputes"
    for dispute in order.disputes:
        amount = format_amount(dispute.amount, dispute.currency)
        yield f"  {dispute.stripe_dispute_id}  {dispute.status}  {amount}"


def _fraud_warnings(order: Order) -> Iterator[str]:
    if order.fraud_warnings:
        yield "fraud warnings"
    for warning in order.fraud_warnings:
        yield f"  {warning.stripe_fraud_warning_id}  {warning.fraud_type}  {fraud_warnings.state_of(order, warning)}"


def _unconfirmed_refund(order: Order, request: RefundRequest) -> str:
    """Return the line of a refund request that Stripe has not confirmed."""
    amount = format_amount(request.amount, order.currency)
    refusal = request.refusal or {}
    outcome = f"refused: {refusal.get('message')}" if refusal else "not sent to Stripe yet"
    return f"{amount} of {request.stripe_payment_intent_id}  {request.origin}  {outcome}"


def _grants(order: Order, zone: ZoneInfo) -> Iterator[str]:
    if order.grants:
        yield "access"
    for grant in order.grants:
        state = "active" if grant.is_live else "expired" if grant.is_expired else "revoked"
        until = f"  until {shown_exactly(grant.expires_at, zone)}" if grant.expires_at else ""
        yield f"  {grant.product_id}  {state}  {grant.reason}{until}"


def _receipts(receipts: Sequence[Receipt], zone: ZoneInfo) -> Iterator[str]:
    if receipts:
        yield "receipts and credit notes"
    for receipt in receipts:
        amount = format_amount(receipt.signed_amount, receipt.currency)
        yield f"  {receipt.label}  {amount}  {shown(receipt.issued_at, zone)}"


def _deliverables(work: Sequence[DeliverableView]) -> Iterator[str]:
    """Yield the deliverables of this buyer."""
    if work:
        yield "deliverables"
    for deliverable in work:
        state = in_state(deliverable.state, is_withdrawn=deliverable.withdrawn)
        names = ", ".join(file.file_name for file in deliverable.files) or "no files"
        yield f"  {deliverable.product_id}  {deliverable.key}  {state}  {names}"


def _messages(order: Order) -> Iterator[str]:
    if order.messages:
        yield "messages"
    for message in order.messages:
        error = f"  {message.last_error}" if message.last_error and message.sent_at is None else ""
        yield f"  {message.kind}  {message.status}{error}"
