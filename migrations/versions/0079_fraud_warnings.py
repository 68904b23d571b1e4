"""Add early fraud warnings, and the tenant's policy for them."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import boolean, check, created_and_updated, identity, text, timestamp, unique, uuid
from migrations.tenant_tables import create_tenant_table

revision = "0079_fraud_warnings"
down_revision = "0078_accounting_files"
branch_labels = None
depends_on = None

_POLICIES = "('alert', 'revoke', 'refund')"
#: Columns of large tables that accept the new value; the next migration reads their rows.
_LARGE = (("access_grants", "reason"), ("refund_requests", "origin"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_tenant_table(
        "fraud_warnings",
        *identity(references_tenant=False),
        uuid("order_id"),
        text("stripe_fraud_warning_id"),
        text("stripe_charge_id"),
        text("stripe_payment_intent_id", nullable=True),
        text("fraud_type"),
        boolean("actionable"),
        sa.Column[str]("policy", sa.String(length=40), nullable=True),
        timestamp("dismissed_at", nullable=True),
        *created_and_updated(),
        check("policy_is_known", f"policy IN {_POLICIES}"),
        sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        unique("stripe_fraud_warning_id"),
    )
    op.create_index("ix_fraud_warnings_by_order", "fraud_warnings", ["tenant_id", "order_id"])
    # The previous release inserts rows without these columns, so that the defaults stay.
    op.add_column(
        "orders",
        sa.Column[bool]("has_fraud_warnings", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "tenants",
        sa.Column[str]("on_fraud_warning", sa.String(length=40), nullable=False, server_default="alert"),
    )
    op.create_check_constraint("on_fraud_warning_is_known", "tenants", f"on_fraud_warning IN {_POLICIES}")
    accept("alerts", "kind", "fraud_warning")
    for table, column in _LARGE:
        accept(table, column, "fraud_warning", not_valid=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in _LARGE:
        accept_no_longer(table, column, "fraud_warning")
    accept_no_longer("alerts", "kind", "fraud_warning")
    op.drop_constraint(op.f("ck_tenants_on_fraud_warning_is_known"), "tenants")
    op.drop_column("tenants", "on_fraud_warning")
    op.drop_column("orders", "has_fraud_warnings")
    op.drop_table("fraud_warnings")
