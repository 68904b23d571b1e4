"""The tables, one noun a file."""

from lumira.models.access_grant import AccessGrant, GrantReason
from lumira.models.alert import Alert
from lumira.models.api_key import ApiKey, KeyKind
from lumira.models.audit_entry import AuditEntry
from lumira.models.customer import Customer, email_key
from lumira.models.decline import Decline
from lumira.models.dispute import Dispute, DisputeStatus
from lumira.models.idempotency_key import IdempotencyKey
from lumira.models.order import Order, OrderStatus, ReviewReason
from lumira.models.order_line import OrderLine
from lumira.models.outbox_message import MessageKind, MessageStatus, OutboxMessage
from lumira.models.payment import Payment, PaymentState
from lumira.models.payment_request import PaymentRequest, RequestState
from lumira.models.product import PartialRefundPolicy, Product, ProductKind
from lumira.models.refund import Charge, Refund, RefundStatus
from lumira.models.tenant import ReleaseOnFailure, Tenant, TenantDomain, WebhookSecret
from lumira.models.webhook_event import EventStatus, WebhookEvent

__all__ = [
    "AccessGrant",
    "Alert",
    "ApiKey",
    "AuditEntry",
    "Charge",
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
    "RefundStatus",
    "ReleaseOnFailure",
    "RequestState",
    "ReviewReason",
    "Tenant",
    "TenantDomain",
    "WebhookEvent",
    "WebhookSecret",
    "email_key",
]
