"""Add operators' notes on orders, messages that are sent again, and the lines that a refund is of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.columns import check, identity, text, timestamp, uuid
from migrations.row_level_security import protect

revision = "0027_order_notes"
down_revision = "0026_receipt_consents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_notes",
        *identity(),
        uuid("order_id"),
        text("actor"),
        text("text"),
        timestamp("created_at"),
        check("text_has_a_length", "length(text) BETWEEN 1 AND 2000"),
        # Removed with an order that was never paid: a note is no reason to keep it.
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_order_notes_by_order", "order_notes", ["tenant_id", "order_id", "id"])
    protect("order_notes", privileges="SELECT, INSERT, DELETE")
    op.add_column(
        "outbox_messages", sa.Column[int]("resends", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("refund_requests", sa.Column("lines", JSONB(), nullable=True))
    op.create_check_constraint("lines_are_a_list", "refund_requests", "jsonb_typeof(lines) = 'array'")


def downgrade() -> None:
    op.drop_column("refund_requests", "lines")
    op.drop_column("outbox_messages", "resends")
    op.drop_table("order_notes")
