"""The connection of a tenant to its Dolibarr: where it is, with which key, and what is written there how."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Timestamped, choice, one_of


class LostDisputePolicy(StrEnum):
    """What Dolibarr gets when a dispute is lost."""

    #: A credit note that is paid out, as for a refund.
    CREDIT_NOTE = "credit_note"
    #: Nothing: an operator decides in Dolibarr, such as for a loss on a claim that is still due.
    REVIEW = "review"


class CrmConnection(Timestamped, Base):
    """One tenant's Dolibarr. Whether it is used stands in `Tenant.crm_switched_on_at`."""

    __tablename__ = "crm_connections"
    __table_args__ = (
        CheckConstraint("url ~ '^https?://[^[:space:]]+[^/[:space:]]$'", name="url_is_http"),
        CheckConstraint("entity > 0", name="entity_is_positive"),
        CheckConstraint("bank_account_id > 0", name="bank_account_is_an_id"),
        CheckConstraint("payment_type_id > 0", name="payment_type_is_an_id"),
        CheckConstraint("category_id > 0", name="category_is_an_id"),
        CheckConstraint("jsonb_typeof(vat_rates) = 'object'", name="vat_rates_are_a_table"),
        CheckConstraint("jsonb_typeof(findings) = 'array'", name="findings_are_a_list"),
        CheckConstraint("(checked_at IS NULL) = (findings IS NULL)", name="check_has_its_findings"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        CheckConstraint(one_of("lost_disputes", LostDisputePolicy), name="lost_disputes_is_known"),
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    #: Dolibarr's own address, without a final slash and without `/api/index.php`.
    url: Mapped[str]
    #: The key of Dolibarr's user for this connection, encrypted; `None` until it is given for this URL. It is sent to
    #: no other one: whoever changes the URL enters the key again.
    api_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: The entity of Dolibarr's multi-company module; `None` without that module.
    entity: Mapped[int | None]
    #: Dolibarr's ids of the bank account and the means of payment of each payment; a payment needs both.
    bank_account_id: Mapped[int | None]
    payment_type_id: Mapped[int | None]
    #: Dolibarr's id of the category that third parties created here get; `None`: none.
    category_id: Mapped[int | None]
    #: VAT rates in percent by product, such as `{"tea": "5.5"}`. A product without one has the rate of the receipts.
    vat_rates: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    lost_disputes: Mapped[LostDisputePolicy] = mapped_column(
        choice(LostDisputePolicy), default=LostDisputePolicy.CREDIT_NOTE
    )
    #: Dolibarr's currency, as the last check read it: nothing in another currency is written there.
    currency: Mapped[str | None]
    #: When the connection was last checked, and what was wrong; both `None` until it is, and after each change.
    checked_at: Mapped[datetime | None]
    findings: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: When an administrator's key last proved that the extra fields are unique; `None` until then, and for another URL.
    set_up_at: Mapped[datetime | None]
