"""Create idempotency keys with the stored replies, and the audit log."""

from alembic import op

from migrations.columns import (
    check,
    created_and_updated,
    encrypted,
    identity,
    integer,
    jsonb,
    references,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0011_idempotency_and_audit"
down_revision = "0010_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        *identity(),
        text("slot"),
        text("fingerprint"),
        integer("fence"),
        timestamp("leased_until", nullable=True),
        timestamp("expires_at"),
        uuid("order_id", nullable=True),
        uuid("refund_request_id", nullable=True),
        integer("reply_status", nullable=True),
        encrypted("reply_sealed", nullable=True),
        *created_and_updated(),
        check("fence_is_positive", "fence > 0"),
        check("reply_is_whole", "(reply_status IS NULL) = (reply_sealed IS NULL)"),
        references("orders", "order_id"),
        references("refund_requests", "refund_request_id"),
        unique("slot"),
    )
    op.create_index("ix_idempotency_keys_expiry", "idempotency_keys", ["tenant_id", "expires_at"])
    protect("idempotency_keys", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "audit_entries",
        *identity(),
        timestamp("at"),
        text("actor"),
        text("action"),
        text("subject"),
        jsonb("details"),
    )
    op.create_index("ix_audit_entries_by_subject", "audit_entries", ["tenant_id", "subject", "id"])
    # The application may add and read entries, never change or delete one.
    protect("audit_entries", privileges="SELECT, INSERT")


def downgrade() -> None:
    op.drop_table("audit_entries")
    op.drop_table("idempotency_keys")
