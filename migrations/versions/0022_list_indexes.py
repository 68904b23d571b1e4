"""Index what an operator looks for among millions of rows that are done: messages and events that need a look."""

import sqlalchemy as sa
from alembic import op

revision = "0022_list_indexes"
down_revision = "0021_consents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_outbox_messages_not_sent",
        "outbox_messages",
        ["tenant_id", "id"],
        postgresql_where=sa.text("status IN ('dead', 'superseded')"),
    )
    op.create_index(
        "ix_webhook_events_waiting",
        "webhook_events",
        ["tenant_id", "id"],
        postgresql_where=sa.text("status IN ('parked', 'failed')"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_events_waiting", "webhook_events")
    op.drop_index("ix_outbox_messages_not_sent", "outbox_messages")
