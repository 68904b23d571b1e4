"""Index messages by kind, for the dashboard's list; confirmations are most messages, and found without it."""

import sqlalchemy as sa
from alembic import op

revision = "0038_messages_by_kind"
down_revision = "0037_deliverable_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_outbox_messages_by_kind",
        "outbox_messages",
        ["tenant_id", "kind", "id"],
        postgresql_where=sa.text("kind <> 'order_confirmation'"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_messages_by_kind", "outbox_messages")
