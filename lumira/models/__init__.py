"""The tables, one noun a file."""

from lumira.models.access_grant import AccessGrant, GrantReason
from lumira.models.alert import Alert
from lumira.models.api_key import ApiKey, KeyKind
from lumira.models.audit_entry import AuditEntry
from lumira.models.checkout_session import CheckoutSession, SessionState
from lumira.models.customer import Customer, email_key
from lumira.models.decline import Decline
from lumira.models.dispute import Dispute, DisputeStatus
from lumira.models.idempotency_key import IdempotencyKey
from lumira.models.order import Order, OrderStatus, ReviewReason
from lumira.models.order_line import OrderLine
from lumira.models.outbox_message import MessageKind, MessageStatus, OutboxMessage
from lumira.models.payment import Payment, PaymentState
from lumira.models.payment_request import PaymentRequest, RequestKind, RequestState
from lumira.models.product import PartialRefundPolicy, Product, ProductKind
from lumira.models.refund import Charge, Refund, RefundStatus
from lumira.models.refund_request import RefundOrigin, RefundRequest
from lumira.models.stock import MovementReason, ReservationState, StockItem, StockMovement, StockReservation
from lumira.models.tenant import ReleaseOnFailure, Tenant, TenantDomain, WebhookSecret
from lumira.models.webhook_event import EventStatus, WebhookEvent

__all__ = [
    "AccessGrant",
    "Alert",
    "ApiKey",
    "AuditEntry",
    "Charge",
    "CheckoutSession",
    "Customer",
    "Decline",
    "Dispute",
    "DisputeStatus",
    "EventStatus",
    "GrantReason",
    "IdempotencyKey",
    "KeyKind",
    "MessageKind",
    "MessageStatus",
    "MovementReason",
    "Order",
    "OrderLine",
    "OrderStatus",
    "OutboxMessage",
    "PartialRefundPolicy",
    "Payment",
    "PaymentRequest",
    "PaymentState",
    "Product",
    "ProductKind",
    "Refund",
    "RefundOrigin",
    "RefundRequest",
    "RefundStatus",
    "ReleaseOnFailure",
    "RequestKind",
    "RequestState",
    "ReservationState",
    "ReviewReason",
    "SessionState",
    "StockItem",
    "StockMovement",
    "StockReservation",
    "Tenant",
    "TenantDomain",
    "WebhookEvent",
    "WebhookSecret",
    "email_key",
]
