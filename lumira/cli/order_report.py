"""An order's whole story in lines for a terminal."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from lumira.cli.common.times import shown, shown_exactly
from lumira.cli.deliverables import in_state
from lumira.domain import payments
from lumira.models import Order, Receipt, RefundRequest
from lumira.money import format_amount
from lumira.repositories.deliverables import DeliverableView
from lumira.services.orders.view_orders import OrderView


def account(
    view: OrderView,
    papers: Sequence[Receipt],
    work: Sequence[DeliverableView],
    *,
    tenant_slug: str,
    zone: ZoneInfo,
) -> Iterator[str]:
    """What `flask orders show` prints: the order, its money, what was given and made, and the timeline."""
    order = view.order
    yield f"{order.order_number}  {order.status}  {format_amount(order.amount, order.currency)}"
    yield from _header(order, tenant_slug=tenant_slug, zone=zone)
    yield "lines"
    for line in order.lines:
        price = format_amount(line.unit_amount, order.currency)
        yield f"  {line.quantity} x {line.product_id}  {line.product_name}  {price}"
    yield from _pieces(order)
    yield from _pages(order, zone)
    yield from _money(order)
    yield from _papers(papers, zone)
    yield from _given(order, zone)
    yield from _made(work)
    yield from _messages(order)
    yield f"timeline ({zone.key})"
    for entry in view.timeline:
        yield f"  {shown_exactly(entry.at, zone)}  {entry.what}{f'  {entry.why}' if entry.why else ''}"


def _header(order: Order, *, tenant_slug: str, zone: ZoneInfo) -> Iterator[str]:
    yield f"  tenant    {tenant_slug}{'' if order.livemode else ' (test mode)'}"
    name = f"{order.customer_name} " if order.customer_name else ""
    yield f"  buyer     {name}{f'<{order.customer_email}>' if order.customer_email else 'unknown'}"
    yield f"  opened    {shown_exactly(order.created_at, zone)}"
    if order.completed_at is not None:
        yield f"  completed {shown_exactly(order.completed_at, zone)}"
    if order.review_reason is not None:
        yield f"  review    {order.review_reason}: `flask orders release {order.order_number}` accepts it"
        yield f"            and `flask orders refund {order.order_number}` sends it back"
    if order.sold_out_at is not None:
        yield f"  sold out  {shown_exactly(order.sold_out_at, zone)}: paid when nothing was left, its money goes back"
    if order.next_poll_at is not None:
        yield f"  next look {shown_exactly(order.next_poll_at, zone)}, when Stripe is asked about it again"


def _pieces(order: Order) -> Iterator[str]:
    """What the order has of what is counted."""
    if order.reservations:
        yield "pieces"
    for each in order.reservations:
        yield f"  {each.product_id}  {each.quantity}  {each.state}"


def _pages(order: Order, zone: ZoneInfo) -> Iterator[str]:
    """Pages of Stripe's on which it can be paid, or could be."""
    if order.sessions:
        yield "pages"
    for page in order.sessions:
        awaited = ", its payment is on its way" if page.is_awaited else ""
        until = f", until {shown(page.expires_at, zone)}" if page.is_open else ""
        yield f"  {page.stripe_session_id}  {page.state}{awaited}{until}"


def _money(order: Order) -> Iterator[str]:
    if order.payments:
        yield "payments"
    for payment in order.payments:
        yield (
            f"  {payment.stripe_payment_intent_id}  {payment.state}  "
            f"asked {format_amount(payment.amount, order.currency)}, "
            f"received {format_amount(payment.amount_received, payment.currency)}"
            f"{', a try is under way' if payments.has_open_attempt(order, payment) else ''}"
        )
    if order.refunds or order.charges or order.refund_requests:
        refunded = format_amount(order.refunded_amount, order.currency)
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
        until = f"  until {shown_exactly(grant.expires_at, zone)}" if grant.expires_at else ""
        yield f"  {grant.product_id}  {state}  {grant.reason}{until}"


def _papers(papers: Sequence[Receipt], zone: ZoneInfo) -> Iterator[str]:
    if papers:
        yield "receipts"
    for paper in papers:
        amount = format_amount(paper.signed_amount, paper.currency)
        yield f"  {paper.label}  {amount}  {shown(paper.issued_at, zone)}"


def _made(work: Sequence[DeliverableView]) -> Iterator[str]:
    """What is made for this buyer."""
    if work:
        yield "deliverables"
    for each in work:
        state = in_state(each.state, is_withdrawn=each.withdrawn)
        names = ", ".join(file.file_name for file in each.files) or "no files"
        yield f"  {each.product_id}  {each.key}  {state}  {names}"


def _messages(order: Order) -> Iterator[str]:
    if order.messages:
        yield "messages"
    for message in order.messages:
        error = f"  {message.last_error}" if message.last_error and message.sent_at is None else ""
        yield f"  {message.kind}  {message.status}{error}"
