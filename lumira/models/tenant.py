"""Tenants: brands, with their settings, domains and webhook secrets."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.formats import ORDER_PREFIX
from lumira.models.columns import Identified, Timestamped, choice, one_of


class ReleaseOnFailure(StrEnum):
    """When reserved stock is released after a failed payment."""

    AT_ONCE = "at_once"
    AT_DEADLINE = "at_deadline"


class PaymentPage(StrEnum):
    """Where the buyers of the tenant's checkout page pay."""

    #: Stripe's Payment Element on Lumira's page.
    ELEMENT = "element"
    #: The page that Stripe hosts.
    HOSTED = "hosted"


class TeamWebhookFormat(StrEnum):
    """What is posted to the webhook of the tenant's team."""

    #: `{"text": …}`, as Slack and Mattermost accept it.
    TEXT = "text"
    #: Each part of an alert by its name.
    JSON = "json"


class WithdrawalPolicy(StrEnum):
    """What follows from a buyer's withdrawal."""

    #: It is refunded at once.
    REFUND = "refund"
    #: An operator accepts or refuses it.
    REVIEW = "review"


class FraudWarningPolicy(StrEnum):
    """What follows from an early fraud warning, beside the alert."""

    ALERT = "alert"
    #: Access is suspended until an operator dismisses the warning.
    REVOKE = "revoke"
    #: Access is suspended, and the payment is refunded unless goods were shipped.
    REFUND = "refund"


#: The legal period (code de la consommation, L221-18); a tenant's may be longer.
WITHDRAWAL_DAYS = 14
#: The longest time that a delivery may take unless the parties agree on another (L216-1).
DELIVERY_DAYS = 30
#: A working week: after it a buyer asks where the parcel is.
SHIP_WITHIN_DAYS = 7


class Tenant(Timestamped, Base):
    """One brand. Its slug never changes, because URLs and Stripe's metadata contain it."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug_is_a_label"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        CheckConstraint(f"order_prefix ~ '^{ORDER_PREFIX}$'", name="order_prefix_is_short"),
        CheckConstraint(one_of("release_on_failure", ReleaseOnFailure), name="release_on_failure_is_known"),
        CheckConstraint("jsonb_typeof(shipping_zones) = 'array'", name="shipping_zones_are_a_list"),
        CheckConstraint(one_of("payment_page", PaymentPage), name="payment_page_is_known"),
        CheckConstraint("(terms_version IS NULL) = (terms_url IS NULL)", name="terms_have_an_address"),
        CheckConstraint(one_of("withdrawal_policy", WithdrawalPolicy), name="withdrawal_policy_is_known"),
        CheckConstraint(one_of("on_fraud_warning", FraudWarningPolicy), name="on_fraud_warning_is_known"),
        CheckConstraint(
            one_of("team_webhook_format", TeamWebhookFormat), name="team_webhook_format_is_known"
        ),
        CheckConstraint(
            "(team_webhook_sealed IS NULL) = (team_webhook_host IS NULL) "
            "AND (team_webhook_sealed IS NULL) = (team_webhook_format IS NULL)",
            name="team_webhook_is_whole",
        ),
        CheckConstraint("withdrawal_days >= 14", name="withdrawal_takes_fourteen_days"),
        CheckConstraint("delivery_days >= 0", name="delivery_days_are_not_negative"),
        CheckConstraint("ship_within_days BETWEEN 0 AND 365", name="ship_within_days_are_few"),
        CheckConstraint("brand_color ~ '^#[0-9A-F]{6}$'", name="brand_color_is_hexadecimal"),
        CheckConstraint("brand_background ~ '^#[0-9A-F]{6}$'", name="brand_background_is_hexadecimal"),
        CheckConstraint("brand_radius BETWEEN 0 AND 32", name="brand_radius_is_small"),
        CheckConstraint("export_id IS NULL OR frozen_at IS NOT NULL", name="exported_while_frozen"),
        CheckConstraint("removed_at IS NULL OR export_id IS NOT NULL", name="removed_while_exported"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(String(3))
    #: First part of every order number; unique, so that a number names its tenant.
    order_prefix: Mapped[str] = mapped_column(unique=True)
    time_zone: Mapped[str] = mapped_column(default="Europe/Paris")
    statement_descriptor_suffix: Mapped[str | None]
    release_on_failure: Mapped[ReleaseOnFailure] = mapped_column(
        choice(ReleaseOnFailure), default=ReleaseOnFailure.AT_DEADLINE
    )
    #: Whether a sale without the buyer's e-mail address is refused.
    email_required: Mapped[bool] = mapped_column(default=False)
    #: The version of the shop's terms that a buyer must accept, and the page that shows them; `None` asks for none.
    terms_version: Mapped[str | None]
    terms_url: Mapped[str | None]
    payment_page: Mapped[PaymentPage] = mapped_column(choice(PaymentPage), default=PaymentPage.HOSTED)
    #: Days in which a buyer may withdraw, and days after which goods count as delivered, counted from the order's
    #: completion.
    withdrawal_days: Mapped[int] = mapped_column(default=WITHDRAWAL_DAYS)
    delivery_days: Mapped[int] = mapped_column(default=DELIVERY_DAYS)
    withdrawal_policy: Mapped[WithdrawalPolicy] = mapped_column(
        choice(WithdrawalPolicy), default=WithdrawalPolicy.REVIEW
    )
    #: Whether the refund of a withdrawal waits until shipped goods are returned (L221-24).
    refund_on_return: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Days after which the team is alerted about paid orders that are not shipped; 0 for no alert.
    ship_within_days: Mapped[int] = mapped_column(
        default=SHIP_WITHIN_DAYS, server_default=str(SHIP_WITHIN_DAYS)
    )
    on_fraud_warning: Mapped[FraudWarningPolicy] = mapped_column(
        choice(FraudWarningPolicy),
        default=FraudWarningPolicy.ALERT,
        server_default=FraudWarningPolicy.ALERT.value,
    )
    #: Increases with every change of the catalog; a cached copy with another number is stale.
    catalog_version: Mapped[int] = mapped_column(default=0)
    stripe_publishable_key: Mapped[str | None]
    stripe_secret_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: Whether that key is of Stripe's live mode.
    livemode: Mapped[bool] = mapped_column(default=False)
    #: Set when the tenant is a Connect account of the platform whose key is used.
    stripe_account: Mapped[str | None]
    #: Stripe's events up to this time have been pulled; `None` before the first pull.
    events_pulled_until: Mapped[datetime | None]
    #: The balance transactions that Stripe created up to this time have been read; `None` before the first time.
    balance_pulled_until: Mapped[datetime | None]
    #: The team's address for alerts.
    alert_email: Mapped[str | None]
    #: The webhook to which alerts are posted too: its URL is a credential, and its host is what is shown of it.
    team_webhook_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    team_webhook_host: Mapped[str | None]
    team_webhook_format: Mapped[TeamWebhookFormat | None] = mapped_column(choice(TeamWebhookFormat))
    #: Where buyers reach the shop: the reply address of messages to them. `None`: the seller's address, if any.
    support_email: Mapped[str | None]
    #: The page on which buyers can order, such as after a failed payment. `None`: the first domain.
    shop_url: Mapped[str | None]
    #: The brand's colours as #RRGGBB, and the radius of its corners in pixels; `None` for Lumira's defaults.
    brand_color: Mapped[str | None]
    brand_background: Mapped[str | None]
    brand_radius: Mapped[int | None]
    #: The seller's legal lines, as in the catalog file; without them no receipt is issued.
    seller: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Where goods are sent and what that costs, as `domain.shipping_zones` reads it; `None` if no address is asked.
    shipping_zones: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    #: The accounts of the accounting export, as `domain.accounts` reads them; `None` for its defaults.
    accounting: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: The settings that were changed in the dashboard, by the catalog file's names: no file undoes them by itself.
    edited_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    #: Since when sales are written to the tenant's Dolibarr; `None` without a connection, or while it is off.
    crm_switched_on_at: Mapped[datetime | None]
    #: Whether sales of Stripe's test mode are written to the CRM too: for a CRM that only tries things out.
    crm_takes_test_sales: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: When a buyer was last erased; `None` skips the search for erased buyers in events.
    last_erasure_at: Mapped[datetime | None]
    #: Since when no transaction changes a row of the tenant, because it is moved to another installation.
    frozen_at: Mapped[datetime | None]
    #: The archive that was written since: the tenant may sell in another installation.
    export_id: Mapped[UUID | None]
    #: Since when only what the law keeps is here, because the tenant sells in another installation.
    removed_at: Mapped[datetime | None]
    #: The archive that this tenant was imported from.
    import_id: Mapped[UUID | None]


class TenantDomain(Identified, Base):
    """A host name of the tenant's own pages."""

    __tablename__ = "tenant_domains"
    __table_args__ = (CheckConstraint("domain = lower(domain)", name="domain_is_lower_case"),)

    domain: Mapped[str] = mapped_column(unique=True)


class WebhookSecret(Identified, Base):
    """The signing secret of one of the tenant's webhook endpoints at Stripe, encrypted."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (UniqueConstraint("tenant_id", "fingerprint"),)

    #: SHA-256 of the secret: recognises a stored secret without decrypting it.
    fingerprint: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
