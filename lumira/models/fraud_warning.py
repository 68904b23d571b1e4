"""Early fraud warnings: the issuer of a buyer's card reports that a payment may be fraudulent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import OfOrder, Timestamped, choice, one_of
from lumira.models.tenant import FraudWarningPolicy


class FraudWarning(OfOrder, Timestamped, Base):
    """One warning about one charge. It moves no money; most warnings are followed by a dispute."""

    __tablename__ = "fraud_warnings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_fraud_warning_id"),
        CheckConstraint(one_of("policy", FraudWarningPolicy), name="policy_is_known"),
        Index("ix_fraud_warnings_by_order", "tenant_id", "order_id"),
    )

    order_id: Mapped[UUID]
    stripe_fraud_warning_id: Mapped[str]
    stripe_charge_id: Mapped[str]
    stripe_payment_intent_id: Mapped[str | None]
    #: Stripe's word for the kind of fraud, such as `made_with_stolen_card`.
    fraud_type: Mapped[str]
    #: Stripe's: neither disputed nor fully refunded. Once false it stays false, whatever arrives later.
    actionable: Mapped[bool]
    #: The tenant's policy when the warning was first settled; `None` only before that.
    policy: Mapped[FraudWarningPolicy | None] = mapped_column(choice(FraudWarningPolicy))
    #: A fact: an operator trusts the payment in spite of the warning.
    dismissed_at: Mapped[datetime | None]
