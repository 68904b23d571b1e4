"""Validate the check of the kinds of messages, while messages are written."""

from migrations.choices import validate

revision = "0068_check_order_shipped"
down_revision = "0067_order_shipped"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("outbox_messages", "kind")


def downgrade() -> None:
    """The check stays valid."""
