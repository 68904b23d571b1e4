"""Alerts: problems that an operator has to look at."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, choice, one_of


class AlertKind(StrEnum):
    """What is wrong; docs/operations.md explains each kind and its remedy."""

    #: An order was paid with another amount or currency than requested.
    PAYMENT_MISMATCH = "payment_mismatch"
    #: An order was paid, and no e-mail address of its buyer is known.
    PAID_WITHOUT_RECIPIENT = "paid_without_recipient"
    DUPLICATE_PAYMENT = "duplicate_payment"
    #: An order was paid after its reservation expired, and no stock was left.
    SOLD_OUT_AFTER_PAYMENT = "sold_out_after_payment"
    #: A refund failed after its units were restocked and sold to another buyer.
    STOCK_MISSING = "stock_missing"
    #: Stripe made two refunds of one request.
    DUPLICATE_REFUND = "duplicate_refund"
    #: Stripe refused a refund.
    REFUND_REFUSED = "refund_refused"
    #: A refund could not be sent to Stripe for a day.
    REFUND_NOT_SENT = "refund_not_sent"
    #: A refund failed or was canceled after Stripe had accepted it.
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    #: A bank's inquiry that precedes a dispute.
    INQUIRY = "inquiry"
    #: The issuer of a buyer's card warned that a payment may be fraudulent; the subject is the warning.
    FRAUD_WARNING = "fraud_warning"
    #: Stripe refused a response to a dispute that an operator had sent; the subject is the dispute.
    EVIDENCE_REFUSED = "evidence_refused"
    #: An order waits for a day longer than its reservation, or than its automatic refund should take.
    ORDER_OVERDUE = "order_overdue"
    #: Paid orders were not shipped within the tenant's days for it; the subject is the tenant.
    ORDER_UNSHIPPED = "order_unshipped"
    #: A part of a bank transfer has arrived.
    TRANSFER_INCOMPLETE = "transfer_incomplete"
    #: No bank transfer arrived until its last day; the order is closed.
    TRANSFER_NOT_RECEIVED = "transfer_not_received"
    #: A buyer withdrew, and an operator has to decide about it.
    WITHDRAWAL_WAITING = "withdrawal_waiting"
    EVENT_FAILED = "event_failed"
    #: Stripe lists an event that cannot be stored.
    EVENT_UNUSABLE = "event_unusable"
    #: An event of live mode names an order of test mode, or the reverse.
    OTHER_MODE = "other_mode"
    #: An event of another Connect account.
    OTHER_ACCOUNT = "other_account"
    #: An event of an unexpected API version.
    API_VERSION = "api_version"
    STRIPE_UNAVAILABLE = "stripe_unavailable"
    STRIPE_KEY_REFUSED = "stripe_key_refused"
    #: Stripe's clock and this machine's differ.
    CLOCK_DIFFERS = "clock_differs"
    #: A receipt or credit note is dated in the future, because a clock was ahead when an earlier one was issued.
    RECEIPT_DATE_AHEAD = "receipt_date_ahead"
    #: The tenant's restricted key lacks a permission; the subject is Stripe's name of it.
    STRIPE_PERMISSION_MISSING = "stripe_permission_missing"
    PAYMENT_MISSING_AT_STRIPE = "payment_missing_at_stripe"
    MESSAGE_DEAD = "message_dead"
    #: The team could not be notified of another alert.
    ALERT_NOT_SENT = "alert_not_sent"
    #: An error of the program occurred that no code expects; raised once for each kind of error.
    PROGRAM_ERROR = "program_error"
    #: The audit log, or its hash chain, differs from a head that was stored outside the database.
    AUDIT_CHAIN_BROKEN = "audit_chain_broken"
    #: For a quarter of an hour, Stripe had events, and no webhook delivered one.
    WEBHOOKS_MISSING = "webhooks_missing"
    #: An event was not processed for five minutes, and is neither parked nor failed.
    EVENT_WAITING = "event_waiting"
    #: The chain over receipts and credit notes differs from a head that was stored outside the database.
    RECEIPT_CHAIN_BROKEN = "receipt_chain_broken"
    #: No worker of the installation reports; a web process raises it for each tenant.
    WORKER_SILENT = "worker_silent"
    #: Little room is left on a disk that Lumira, or its embedded database, writes to; the subject is the folder.
    DISK_LOW = "disk_low"
    #: The certificate of a domain expires within two weeks; the subject is the host.
    CERTIFICATE_EXPIRES = "certificate_expires"
    #: The tenant's CRM did not accept anything for a quarter of an hour.
    CRM_FAILING = "crm_failing"
    #: A record cannot be written to the CRM until an operator does something about it.
    CRM_PARKED = "crm_parked"
    #: A third party was deleted or merged away in Dolibarr; the subject is the customer.
    CRM_UNLINKED = "crm_unlinked"
    #: A customer and its third party differ, and an operator decides; the subject is the customer.
    CRM_CONFLICT = "crm_conflict"
    #: The lines of a payout do not add up to it, or differ from the orders; the subject is the payout.
    PAYOUT_MISMATCH = "payout_mismatch"
    #: Sales to consumers in other countries of the EU near or above the threshold; the subject is year and percent.
    EU_SALES_THRESHOLD = "eu_sales_threshold"
    #: The bank returned a payout; the subject is the payout.
    PAYOUT_FAILED = "payout_failed"


class Alert(Identified, Base):
    """One problem, raised once for each kind and subject until it is resolved."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject"),
        CheckConstraint(one_of("kind", AlertKind), name="kind_is_known"),
        Index(
            "ix_alerts_to_send",
            "tenant_id",
            "next_notification_at",
            postgresql_where="next_notification_at IS NOT NULL",
        ),
        CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_an_operator"
        ),
        CheckConstraint("resolved_by IS NULL OR resolved_at IS NOT NULL", name="only_resolved_has_resolver"),
        # The lists of the dashboard, newest first.
        Index("ix_alerts_open", "tenant_id", "raised_at", "id", postgresql_where="resolved_at IS NULL"),
        Index(
            "ix_alerts_resolved", "tenant_id", "resolved_at", "id", postgresql_where="resolved_at IS NOT NULL"
        ),
    )

    kind: Mapped[AlertKind] = mapped_column(choice(AlertKind))
    #: What the alert is about: an order number, an event id.
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    raised_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When an operator has taken note of it, and who; it stays open, and no e-mail about it is sent any more.
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    #: When its condition was last true, for the kinds that resolve themselves (`repositories/alerts/conditions.py`).
    seen_at: Mapped[datetime | None]
    #: The operator who has resolved it, as in the audit log; `None` if it resolved itself.
    resolved_by: Mapped[str | None]
    #: When the team was notified by e-mail.
    notified_at: Mapped[datetime | None]
    #: When the team was notified that it has resolved itself.
    recovery_notified_at: Mapped[datetime | None]
    #: When the next notification is due, of the alert or of its recovery; `None` if none is pending.
    next_notification_at: Mapped[datetime | None]
    notification_attempts: Mapped[int] = mapped_column(default=0)
