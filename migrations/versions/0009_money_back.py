"""What is known of refunds and disputes beyond their last word."""

import sqlalchemy as sa
from alembic import op

revision = "0009_money_back"
down_revision = "0008_webhook_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Code of the release before writes none of these: until it is gone the defaults speak for it.
    op.add_column("charges", sa.Column("uncaptured", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "refunds", sa.Column("has_succeeded", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("disputes", sa.Column("movements", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "disputes", sa.Column("was_inquiry", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.drop_constraint(op.f("ck_disputes_amount_is_not_negative"), "disputes")
    for table in ("charges", "refunds", "disputes"):
        op.create_index(f"ix_{table}_by_order", table, ["tenant_id", "order_id"])
    op.create_check_constraint("amounts_are_not_negative", "disputes", "amount >= 0 AND movements >= 0")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("disputes", "refunds", "charges"):
        op.drop_index(f"ix_{table}_by_order", table)
    op.drop_constraint(op.f("ck_disputes_amounts_are_not_negative"), "disputes")
    op.create_check_constraint("amount_is_not_negative", "disputes", "amount >= 0")
    op.drop_column("disputes", "was_inquiry")
    op.drop_column("disputes", "movements")
    op.drop_column("refunds", "has_succeeded")
    op.drop_column("charges", "uncaptured")
