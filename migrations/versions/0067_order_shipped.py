"""Let messages tell a buyer that a parcel was shipped."""

from migrations.choices import accept, accept_no_longer

revision = "0067_order_shipped"
down_revision = "0066_crm_inboxes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accept("outbox_messages", "kind", "order_shipped", not_valid=True)


def downgrade() -> None:
    accept_no_longer("outbox_messages", "kind", "order_shipped")
