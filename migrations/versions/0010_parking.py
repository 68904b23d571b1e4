"""Events that wait are found again by the payment that they wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0010_parking"
down_revision = "0009_money_back"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("webhook_events", sa.Column("stripe_payment_intent_id", sa.Text(), nullable=True))
    op.create_index(
        "ix_webhook_events_parked",
        "webhook_events",
        ["tenant_id", "stripe_payment_intent_id"],
        postgresql_where="status = 'parked'",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_webhook_events_parked", "webhook_events")
    op.drop_column("webhook_events", "stripe_payment_intent_id")
