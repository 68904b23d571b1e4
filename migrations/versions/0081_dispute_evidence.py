"""Add responses to disputes, which are frozen before they are sent to the bank."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import (
    check,
    choice,
    created_and_updated,
    identity,
    integer,
    jsonb,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import create_sweep_function, show_to_sweep
from migrations.tenant_tables import create_tenant_table

revision = "0081_dispute_evidence"
down_revision = "0080_check_fraud_warnings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_tenant_table(
        "dispute_evidence",
        *identity(references_tenant=False),
        uuid("order_id"),
        text("stripe_dispute_id"),
        jsonb("fields"),
        text("decided_by"),
        integer("key_number"),
        text("stripe_key"),
        timestamp("keyed_at"),
        *choice("state", "frozen", "accepted", "refused", "unknown"),
        jsonb("refusal", nullable=True),
        integer("attempts"),
        timestamp("next_attempt_at"),
        timestamp("responded_at", nullable=True),
        timestamp("cleared_at", nullable=True),
        *created_and_updated(),
        check("fields_are_an_object", "jsonb_typeof(fields) = 'object'"),
        check("key_number_is_positive", "key_number > 0"),
        sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        unique("stripe_key"),
    )
    op.create_index(
        "uq_dispute_evidence_of_dispute",
        "dispute_evidence",
        ["tenant_id", "stripe_dispute_id"],
        unique=True,
        postgresql_where="state <> 'refused'",
    )
    op.create_index("ix_dispute_evidence_by_order", "dispute_evidence", ["tenant_id", "order_id"])
    op.create_index(
        "ix_dispute_evidence_due",
        "dispute_evidence",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="state IN ('frozen', 'unknown')",
    )
    op.create_index(
        "ix_dispute_evidence_to_clear",
        "dispute_evidence",
        ["tenant_id", "responded_at"],
        postgresql_where="cleared_at IS NULL AND responded_at IS NOT NULL",
    )
    show_to_sweep("dispute_evidence", "tenant_id, next_attempt_at, state")
    create_sweep_function(
        "lumira_tenants_with_due_evidence(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM dispute_evidence "
        "WHERE state IN ('frozen', 'unknown') AND next_attempt_at <= now",
    )
    accept("alerts", "kind", "evidence_refused")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept_no_longer("alerts", "kind", "evidence_refused")
    op.execute("DROP FUNCTION lumira_tenants_with_due_evidence(timestamptz)")
    op.drop_table("dispute_evidence")
