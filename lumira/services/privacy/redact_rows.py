"""Removing a data subject's personal data from rows; numbers, amounts, states and times remain."""

from collections.abc import Sequence
from datetime import datetime

from lumira.domain.goods import addresses
from lumira.domain.redaction import without_personal_data
from lumira.models import Customer, MessageKind, MessageStatus, Order, PaymentRequest, RefundRequest


def redact_order(order: Order, now: datetime) -> None:
    """Remove personal data from a locked order, its requests to Stripe and its messages; safe to repeat."""
    order.customer_email = order.email_key = order.customer_name = order.request_id = order.locale = None
    order.opener_network = None
    order.shipping_address = addresses.without_recipient(order.shipping_address)
    order.caller_metadata = {}
    order.erased_at = order.erased_at or now
    for payment_request in order.requests:
        _redact_request(payment_request)
    for refund_request in order.refund_requests:
        _redact_request(refund_request)
    for withdrawal in order.withdrawals:
        # That the buyer withdrew, when and from what, is proof of the refund; their words are not.
        withdrawal.reason = withdrawal.decision_note = None
    for shipment in order.shipments:
        # A carrier's page about a parcel shows to whom it was delivered.
        shipment.tracking_number = shipment.tracking_url = None
    for goods_return in order.returns:
        goods_return.reason = None
    for message in order.messages:
        message.last_error = None
        if message.status is not MessageStatus.SENT and message.kind is not MessageKind.DISPUTE_ALERT:
            # The address is erased, so the message can no longer be sent.
            message.status = MessageStatus.SUPERSEDED


def _redact_request(request: PaymentRequest | RefundRequest) -> None:
    request.parameters = without_personal_data(request.parameters)
    if request.refusal is not None:
        request.refusal = {"code": request.refusal.get("code", ""), "message": ""}


def redact_customer(customer: Customer, digests: Sequence[str], now: datetime) -> None:
    """Remove personal data from a locked customer, and enter the digests into the erasure registry."""
    customer.email = customer.email_key = f"{customer.id}@erased.invalid"
    customer.name = customer.locale = customer.stripe_customer_id = customer.stripe_parameters = None
    customer.phone = customer.address = customer.postal_code = customer.city = customer.country = None
    customer.erased_at = customer.erased_at or now
    customer.erased_digests = sorted({*(customer.erased_digests or ()), *digests})
