"""Create balance transactions and payouts."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    currency,
    jsonb,
    minor_units,
    tenant_id,
    text,
    timestamp,
)
from migrations.row_level_security import protect

revision = "0064_stripe_money"
down_revision = "0063_check_shipments"
branch_labels = None
depends_on = None

_FIGURES = ("amount", "fee", "net", "currency", "type", "stripe_created_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", timestamp("balance_pulled_until", nullable=True))
    _create_payouts()
    _create_balance_transactions()


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        *tenant_id(),
        text("stripe_payout_id"),
        boolean("livemode"),
        minor_units("amount"),
        *currency(checked=False),
        *choice("status", "pending", "in_transit", "paid", "canceled", "failed"),
        *choice("reconciliation", "not_applicable", "in_progress", "completed"),
        boolean("is_automatic"),
        timestamp("arrival_at"),
        timestamp("stripe_created_at"),
        text("failure_code", nullable=True),
        timestamp("next_read_at", nullable=True),
        timestamp("lines_read_at", nullable=True),
        jsonb("mismatches", nullable=True),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id", "stripe_payout_id"),
        check("compared_once_read", "(lines_read_at IS NULL) = (mismatches IS NULL)"),
    )
    op.create_index(
        "ix_payouts_by_arrival", "payouts", ["tenant_id", "livemode", "arrival_at", "stripe_payout_id"]
    )
    op.create_index(
        "ix_payouts_due",
        "payouts",
        ["tenant_id", "next_read_at"],
        postgresql_where=sa.text("next_read_at IS NOT NULL"),
    )
    protect("payouts")


def _create_balance_transactions() -> None:
    op.create_table(
        "balance_transactions",
        *tenant_id(),
        text("stripe_balance_transaction_id"),
        boolean("livemode"),
        text("type", nullable=True),
        text("reporting_category", nullable=True),
        minor_units("amount", nullable=True),
        minor_units("fee", nullable=True),
        minor_units("fee_tax", nullable=True),
        minor_units("net", nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("exchange_rate", sa.Numeric(), nullable=True),
        text("stripe_source_id", nullable=True),
        timestamp("available_on", nullable=True),
        timestamp("stripe_created_at", nullable=True),
        text("stripe_payout_id", nullable=True),
        timestamp("read_at", nullable=True),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id", "stripe_balance_transaction_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "stripe_payout_id"], ["payouts.tenant_id", "payouts.stripe_payout_id"]
        ),
        check(
            "figures_are_whole",
            " AND ".join(f"(read_at IS NULL) = ({name} IS NULL)" for name in _FIGURES),
        ),
        check("net_is_amount_less_fee", "net = amount - fee"),
    )
    for name, columns, condition in (
        ("by_time", ["stripe_created_at"], None),
        ("unread", ["created_at"], "read_at IS NULL"),
        ("by_source", ["stripe_source_id"], "stripe_source_id IS NOT NULL"),
        ("by_payout", ["stripe_payout_id"], "stripe_payout_id IS NOT NULL"),
    ):
        op.create_index(
            f"ix_balance_transactions_{name}",
            "balance_transactions",
            ["tenant_id", *columns],
            postgresql_where=sa.text(condition) if condition else None,
        )
    protect("balance_transactions")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("balance_transactions")
    op.drop_table("payouts")
    op.drop_column("tenants", "balance_pulled_until")
