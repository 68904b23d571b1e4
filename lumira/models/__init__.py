"""The tables, one model or aggregate a file."""

from lumira.models.access_grant import AccessGrant, GrantReason
from lumira.models.access_link import AccessLink
from lumira.models.accounting_file import AccountingFile, AccountingFileKind, AccountingFileState
from lumira.models.alert import Alert, AlertKind
from lumira.models.api_key import ApiKey, KeyKind
from lumira.models.audit_entry import AuditEntry
from lumira.models.audit_link import AuditLink
from lumira.models.balance_transaction import BalanceTransaction
from lumira.models.checkout_session import CheckoutSession, SessionState
from lumira.models.content import Content, ContentKind
from lumira.models.crm_conflict import ConflictReason, ContactField, CrmConflict
from lumira.models.crm_connection import CrmConnection, LostDisputePolicy
from lumira.models.crm_inbox import CrmInbox
from lumira.models.crm_lane import CrmLane
from lumira.models.crm_link import CrmElement, CrmLink
from lumira.models.crm_notification import CrmNotification
from lumira.models.crm_task import CrmTask, CrmTaskKind, CrmTaskState
from lumira.models.customer import Customer, SubscriptionStatus, email_key
from lumira.models.decline import Decline
from lumira.models.deliverable import Deliverable, DeliverableState
from lumira.models.dispute import Dispute, DisputeStatus
from lumira.models.dispute_evidence import DisputeEvidence
from lumira.models.file import File
from lumira.models.fraud_warning import FraudWarning
from lumira.models.goods_return import GoodsReturn, GoodsReturnLine, ReturnCondition
from lumira.models.idempotency_key import IdempotencyKey
from lumira.models.language import Language
from lumira.models.ledger_entry import Journal, LedgerBooks, LedgerEntry, LedgerEvent
from lumira.models.manual_grant import ManualGrant
from lumira.models.operator import (
    Operator,
    OperatorCredentials,
    OperatorRecoveryCode,
    OperatorReset,
    OperatorSession,
)
from lumira.models.operator_role import OperatorInvitation, OperatorRole, Role
from lumira.models.order import Fulfilment, Order, OrderStatus, ReviewReason
from lumira.models.order_line import OrderLine, Promise
from lumira.models.order_note import OrderNote
from lumira.models.outbox_message import MessageKind, MessageStatus, OutboxMessage
from lumira.models.payment import Payment, PaymentState
from lumira.models.payment_request import PaymentRequest, RequestKind, RequestState
from lumira.models.payout import Payout, PayoutReconciliation, PayoutStatus
from lumira.models.product import PartialRefundPolicy, Product, ProductKind
from lumira.models.product_group import ProductGroup
from lumira.models.product_image import ProductImage, ProductImageSize
from lumira.models.program_error import INSTALLATION, ProgramError
from lumira.models.promotion_code import PromotionCode, PromotionUse
from lumira.models.receipt import Receipt, ReceiptCounter, ReceiptKind, receipt_label, receipt_series
from lumira.models.receipt_closing import ClosingPeriod, ReceiptClosing
from lumira.models.receipt_link import ReceiptLink
from lumira.models.refund import Charge, Refund, RefundStatus
from lumira.models.refund_request import RefundOrigin, RefundRequest
from lumira.models.refused_delivery import RefusalReason, RefusedDelivery
from lumira.models.shipment import Shipment, ShipmentLine
from lumira.models.stock import MovementReason, ReservationState, StockItem, StockMovement, StockReservation
from lumira.models.team_post import TeamPost
from lumira.models.tenant import (
    FraudWarningPolicy,
    PaymentPage,
    ReleaseOnFailure,
    TeamWebhookFormat,
    Tenant,
    TenantDomain,
    WebhookSecret,
    WithdrawalPolicy,
)
from lumira.models.webhook_event import EventStatus, WebhookEvent
from lumira.models.webhook_probe import WebhookProbe
from lumira.models.withdrawal import Withdrawal, WithdrawalDecision, WithdrawalLine, WithdrawalVia

__all__ = [
    "INSTALLATION",
    "AccessGrant",
    "AccessLink",
    "AccountingFile",
    "AccountingFileKind",
    "AccountingFileState",
    "Alert",
    "AlertKind",
    "ApiKey",
    "AuditEntry",
    "AuditLink",
    "BalanceTransaction",
    "Charge",
    "CheckoutSession",
    "ClosingPeriod",
    "ConflictReason",
    "ContactField",
    "Content",
    "ContentKind",
    "CrmConflict",
    "CrmConnection",
    "CrmElement",
    "CrmInbox",
    "CrmLane",
    "CrmLink",
    "CrmNotification",
    "CrmTask",
    "CrmTaskKind",
    "CrmTaskState",
    "Customer",
    "Decline",
    "Deliverable",
    "DeliverableState",
    "Dispute",
    "DisputeEvidence",
    "DisputeStatus",
    "EventStatus",
    "File",
    "FraudWarning",
    "FraudWarningPolicy",
    "Fulfilment",
    "GoodsReturn",
    "GoodsReturnLine",
    "GrantReason",
    "IdempotencyKey",
    "Journal",
    "KeyKind",
    "Language",
    "LedgerBooks",
    "LedgerEntry",
    "LedgerEvent",
    "LostDisputePolicy",
    "ManualGrant",
    "MessageKind",
    "MessageStatus",
    "MovementReason",
    "Operator",
    "OperatorCredentials",
    "OperatorInvitation",
    "OperatorRecoveryCode",
    "OperatorReset",
    "OperatorRole",
    "OperatorSession",
    "Order",
    "OrderLine",
    "OrderNote",
    "OrderStatus",
    "OutboxMessage",
    "PartialRefundPolicy",
    "Payment",
    "PaymentPage",
    "PaymentRequest",
    "PaymentState",
    "Payout",
    "PayoutReconciliation",
    "PayoutStatus",
    "Product",
    "ProductGroup",
    "ProductImage",
    "ProductImageSize",
    "ProductKind",
    "ProgramError",
    "Promise",
    "PromotionCode",
    "PromotionUse",
    "Receipt",
    "ReceiptClosing",
    "ReceiptCounter",
    "ReceiptKind",
    "ReceiptLink",
    "Refund",
    "RefundOrigin",
    "RefundRequest",
    "RefundStatus",
    "RefusalReason",
    "RefusedDelivery",
    "ReleaseOnFailure",
    "RequestKind",
    "RequestState",
    "ReservationState",
    "ReturnCondition",
    "ReviewReason",
    "Role",
    "SessionState",
    "Shipment",
    "ShipmentLine",
    "StockItem",
    "StockMovement",
    "StockReservation",
    "SubscriptionStatus",
    "TeamPost",
    "TeamWebhookFormat",
    "Tenant",
    "TenantDomain",
    "WebhookEvent",
    "WebhookProbe",
    "WebhookSecret",
    "Withdrawal",
    "WithdrawalDecision",
    "WithdrawalLine",
    "WithdrawalPolicy",
    "WithdrawalVia",
    "email_key",
    "receipt_label",
    "receipt_series",
]
