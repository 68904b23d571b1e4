"""Add the message to a buyer whose bank transfer did not arrive in time."""

from alembic import op

from migrations.choices import accept, accept_no_longer

revision = "0018_transfer_message"
down_revision = "0017_due_polls"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accept("outbox_messages", "kind", "transfer_not_received")
    _index("kind IN ('payment_failed', 'transfer_not_received')")


def downgrade() -> None:
    # Messages that were sent stay.
    accept_no_longer("outbox_messages", "kind", "transfer_not_received")
    _index("kind = 'payment_failed'")


def _index(where: str) -> None:
    op.drop_index("ix_outbox_messages_payment_failed", "outbox_messages")
    op.create_index(
        "ix_outbox_messages_payment_failed",
        "outbox_messages",
        ["tenant_id", "created_at"],
        postgresql_where=where,
    )
