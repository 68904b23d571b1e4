"""Orders: what was sold, frozen, and the facts about its payment."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lumira.database import Base
from lumira.models.access_grant import AccessGrant
from lumira.models.checkout_session import CheckoutSession
from lumira.models.columns import Identified, MinorUnits, Timestamped, choice, one_of
from lumira.models.decline import Decline
from lumira.models.dispute import Dispute
from lumira.models.fraud_warning import FraudWarning
from lumira.models.goods_return import GoodsReturn
from lumira.models.language import Language
from lumira.models.order_line import OrderLine
from lumira.models.outbox_message import OutboxMessage
from lumira.models.payment import Payment
from lumira.models.payment_request import PaymentRequest, RequestState
from lumira.models.promotion_code import PromotionUse
from lumira.models.refund import Charge, Refund
from lumira.models.refund_request import RefundRequest
from lumira.models.shipment import Shipment
from lumira.models.stock import ReservationState, StockReservation
from lumira.models.tenant import DELIVERY_DAYS, WITHDRAWAL_DAYS, ReleaseOnFailure
from lumira.models.withdrawal import Withdrawal


class OrderStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Fulfilment(StrEnum):
    """What became of an order's goods, beside its status."""

    #: It has no goods, is not paid, or has nothing to ship and nothing shipped.
    NONE = "none"
    TO_SHIP = "to_ship"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"


class ReviewReason(StrEnum):
    """Why a succeeded payment does not complete the order automatically."""

    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"


class Order(Identified, Timestamped, Base):
    """One sale of one tenant, with all facts about it.

    The columns up to `metadata` are frozen at creation, except that the customer and their address may be learned or
    corrected later. `status`, `review_reason`, `charge_due_at`, `promotion_use`, `completed_at`,
    `refunded_amount`, `net_paid` and `fulfilment` are derived from the facts, and only settling writes them.
    """

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "free_product_id"], ["products.tenant_id", "products.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "promotion_code_id"], ["promotion_codes.tenant_id", "promotion_codes.id"]
        ),
        UniqueConstraint("tenant_id", "order_number"),
        # A customer orders a free product once, however often the request is repeated.
        UniqueConstraint("tenant_id", "customer_id", "free_product_id"),
        CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        CheckConstraint("refunded_amount >= 0", name="refunded_amount_is_not_negative"),
        CheckConstraint(one_of("status", OrderStatus), name="status_is_known"),
        CheckConstraint(one_of("review_reason", ReviewReason), name="review_reason_is_known"),
        CheckConstraint(one_of("locale", Language), name="locale_is_known"),
        CheckConstraint("free_product_id IS NULL OR amount = 0", name="free_costs_nothing"),
        CheckConstraint(one_of("release_on_failure", ReleaseOnFailure), name="release_on_failure_is_known"),
        CheckConstraint("withdrawal_days >= 14", name="withdrawal_takes_fourteen_days"),
        CheckConstraint("delivery_days >= 0", name="delivery_days_are_not_negative"),
        CheckConstraint(one_of("promotion_use", PromotionUse), name="promotion_use_is_known"),
        CheckConstraint(
            "(promotion_code_id IS NULL) = (promotion_code IS NULL) "
            "AND (promotion_code_id IS NULL) = (promotion_use IS NULL)",
            name="promotion_is_whole",
        ),
        CheckConstraint("shipping_amount BETWEEN 0 AND amount", name="shipping_amount_is_a_part"),
        CheckConstraint(
            "shipping_zone IS NOT NULL OR (shipping_amount = 0 AND shipping_vat_rate IS NULL)",
            name="postage_has_a_zone",
        ),
        CheckConstraint("jsonb_typeof(shipping_address) = 'object'", name="shipping_address_is_an_object"),
        CheckConstraint(one_of("fulfilment", Fulfilment), name="fulfilment_is_known"),
        CheckConstraint(
            "promotion_use <> 'reserved' OR promotion_reserved_until IS NOT NULL",
            name="promotion_is_reserved_until_then",
        ),
        Index("ix_orders_by_email", "tenant_id", "email_key"),
        Index(
            *("ix_orders_by_promotion", "tenant_id", "promotion_code_id", "id"),
            postgresql_where="promotion_code_id IS NOT NULL",
        ),
        Index(
            *("ix_orders_by_promotion_and_email", "tenant_id", "promotion_code_id", "email_key"),
            postgresql_ops={"email_key": "text_pattern_ops"},
            postgresql_where="promotion_code_id IS NOT NULL",
        ),
        Index("ix_orders_by_update", "tenant_id", "updated_at"),
        Index(
            "ix_orders_by_opener",
            "tenant_id",
            "opener_network",
            "created_at",
            postgresql_where="opener_network IS NOT NULL",
        ),
        Index("ix_orders_by_status", "tenant_id", "status", "id"),
        Index(
            "ix_orders_of_test_mode",
            "tenant_id",
            "id",
            postgresql_where="NOT livemode AND test_ended_at IS NULL",
        ),
        # What waits to be shipped, oldest first, among all that was.
        Index(
            "ix_orders_to_ship",
            "tenant_id",
            "completed_at",
            "id",
            postgresql_where="fulfilment IN ('to_ship', 'partially_shipped')",
        ),
        Index(
            "ix_orders_to_poll",
            "tenant_id",
            "next_poll_at",
            postgresql_where="next_poll_at IS NOT NULL",
        ),
    )

    order_number: Mapped[str]
    customer_id: Mapped[UUID | None]
    customer_email: Mapped[str | None]
    email_key: Mapped[str | None]
    customer_name: Mapped[str | None]
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    #: Stripe's live mode, or test mode; an event of the other mode does not change the order.
    livemode: Mapped[bool]
    #: The route that created it, as in Stripe's metadata.
    source: Mapped[str]
    request_id: Mapped[str | None]
    #: The hash of the network that opened it; `None` for a caller with a secret key.
    opener_network: Mapped[str | None]
    #: A `Language`: that of the checkout request, for a buyer whose e-mail address is recorded later.
    locale: Mapped[str | None]
    free_product_id: Mapped[str | None]
    #: The tenant's policy for reserved stock.
    release_on_failure: Mapped[ReleaseOnFailure] = mapped_column(
        choice(ReleaseOnFailure), default=ReleaseOnFailure.AT_DEADLINE
    )
    #: The tenant's period for a withdrawal, and the days that a delivery of goods may take.
    withdrawal_days: Mapped[int] = mapped_column(default=WITHDRAWAL_DAYS)
    delivery_days: Mapped[int] = mapped_column(default=DELIVERY_DAYS)
    #: The code that lowered the price, and its text.
    promotion_code_id: Mapped[UUID | None]
    promotion_code: Mapped[str | None]
    #: The name of the zone that the goods are sent to; `None` if the order has no goods, or the shop no zones.
    shipping_zone: Mapped[str | None]
    #: The postage in minor units, VAT included, and its rate in percent; no rate where the seller charges no VAT.
    shipping_amount: Mapped[MinorUnits] = mapped_column(default=0, server_default=text("0"))
    shipping_vat_rate: Mapped[str | None]
    #: Where the goods are sent, as `domain.goods.addresses` freezes it. Without a line it is a country only:
    #: Stripe's page asks for the address, or the buyer was erased.
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Whether its goods wait to be shipped once it is paid: not where an earlier version opened the order, whose goods
    #: were sent without being recorded.
    tracks_shipments: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: What the buyer consented to, when, and which text they saw, as `domain.consents` freezes it.
    consents: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: The caller's own metadata, without Lumira's.
    caller_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB)

    status: Mapped[OrderStatus] = mapped_column(choice(OrderStatus))
    review_reason: Mapped[ReviewReason | None] = mapped_column(choice(ReviewReason))
    #: Whether the order counts as a use of its promotion code; `None` without one.
    promotion_use: Mapped[PromotionUse | None] = mapped_column(choice(PromotionUse))
    #: When the buyer's time to pay with the code ends, as that of reserved stock does.
    promotion_reserved_until: Mapped[datetime | None]
    #: A fact: an operator accepted the payment as it is.
    review_released_at: Mapped[datetime | None]
    #: A fact: the order was closed here unpaid, whatever Stripe could still do: by an operator, or because Stripe
    #: knows no payment of it that the tenant's key can close. A payment that arrives nevertheless counts.
    closed_at: Mapped[datetime | None]
    #: A fact: the order was paid after its stock had been released, and no unit was left.
    sold_out_at: Mapped[datetime | None]
    #: A fact: the paid order of test mode ended, because the tenant sells live: its units are returned, and nothing of
    #: it is refunded.
    test_ended_at: Mapped[datetime | None]
    #: When the charge that is processing is decided at the latest; `None` if none is processing.
    charge_due_at: Mapped[datetime | None]
    #: When it was first fulfilled.
    completed_at: Mapped[datetime | None]
    #: Minor units that are refunded or being refunded.
    refunded_amount: Mapped[MinorUnits] = mapped_column(default=0)
    #: Minor units that succeeded payments received, less what was refunded or lost to disputes.
    net_paid: Mapped[MinorUnits] = mapped_column(default=0)
    #: What became of its goods.
    fulfilment: Mapped[Fulfilment] = mapped_column(
        choice(Fulfilment), default=Fulfilment.NONE, server_default=Fulfilment.NONE.value
    )
    #: Whether it has shipments or returns: they are loaded with an order that has any.
    has_parcels: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Whether it has early fraud warnings: they are loaded with an order that has any.
    has_fraud_warnings: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: When the buyer's personal data were erased; none are recorded again.
    erased_at: Mapped[datetime | None]
    #: When Stripe is polled next, and how often it was; `None` if the order is not polled again.
    next_poll_at: Mapped[datetime | None]
    polls: Mapped[int] = mapped_column(default=0)

    # An access fails unless the order was loaded whole: a handler must never query.
    lines: Mapped[list[OrderLine]] = relationship(lazy="raise", order_by=OrderLine.position)
    requests: Mapped[list[PaymentRequest]] = relationship(lazy="raise", order_by=PaymentRequest.attempt)
    sessions: Mapped[list[CheckoutSession]] = relationship(lazy="raise", order_by=CheckoutSession.id)
    payments: Mapped[list[Payment]] = relationship(lazy="raise", order_by=Payment.id)
    declines: Mapped[list[Decline]] = relationship(lazy="raise", order_by=Decline.id)
    charges: Mapped[list[Charge]] = relationship(lazy="raise", order_by=Charge.id)
    refunds: Mapped[list[Refund]] = relationship(lazy="raise", order_by=Refund.id)
    refund_requests: Mapped[list[RefundRequest]] = relationship(lazy="raise", order_by=RefundRequest.id)
    disputes: Mapped[list[Dispute]] = relationship(lazy="raise", order_by=Dispute.id)
    fraud_warnings: Mapped[list[FraudWarning]] = relationship(lazy="raise", order_by=FraudWarning.id)
    grants: Mapped[list[AccessGrant]] = relationship(lazy="raise", order_by=AccessGrant.id)
    reservations: Mapped[list[StockReservation]] = relationship(
        lazy="raise", order_by=StockReservation.product_id
    )
    messages: Mapped[list[OutboxMessage]] = relationship(lazy="raise", order_by=OutboxMessage.id)
    withdrawals: Mapped[list[Withdrawal]] = relationship(lazy="raise", order_by=Withdrawal.id)
    shipments: Mapped[list[Shipment]] = relationship(lazy="raise", order_by=Shipment.id)
    returns: Mapped[list[GoodsReturn]] = relationship(lazy="raise", order_by=GoodsReturn.id)

    @property
    def is_free(self) -> bool:
        return self.amount == 0

    @property
    def discount_amount(self) -> int:
        """What the promotion code took off the prices of the lines, in minor units."""
        return sum(line.discount_amount or 0 for line in self.lines)

    @property
    def product_name(self) -> str:
        """The product's name; of a cart the first product's, and how many others there are."""
        first, *others = self.lines
        return f"{first.product_name} +{len(others)}" if others else first.product_name

    @property
    def has_pending_request(self) -> bool:
        """Whether the newest payment request is being sent, or has no usable response yet."""
        newest = self.requests[-1] if self.requests else None
        # A request that is not written yet has no state: it is about to be sent.
        return newest is not None and newest.state not in (RequestState.ACCEPTED, RequestState.REFUSED)

    @property
    def reserved_until(self) -> datetime | None:
        """When the order's reservations expire; `None` if neither stock nor the use of a code is reserved."""
        reserved = [
            reservation.expires_at
            for reservation in self.reservations
            if reservation.state is ReservationState.RESERVED
        ]
        if self.promotion_use is PromotionUse.RESERVED and self.promotion_reserved_until is not None:
            reserved.append(self.promotion_reserved_until)
        return max(reserved, default=None)

    def find_session(self, stripe_session_id: str) -> CheckoutSession | None:
        return next((s for s in self.sessions if s.stripe_session_id == stripe_session_id), None)

    def find_payment(self, stripe_payment_intent_id: str) -> Payment | None:
        return next(
            (p for p in self.payments if p.stripe_payment_intent_id == stripe_payment_intent_id), None
        )
