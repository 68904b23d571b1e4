"""Name the number of a refund request's Stripe key as what it is: `attempts` counts the attempts."""

from alembic import op

revision = "0024_refund_key_number"
down_revision = "0023_remove_all_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename("attempt", "key_number")


def downgrade() -> None:
    _rename("key_number", "attempt")


def _rename(old: str, new: str) -> None:
    constraint = "ck_refund_requests_{}_is_positive"
    op.alter_column("refund_requests", old, new_column_name=new)
    op.execute(
        f"ALTER TABLE refund_requests RENAME CONSTRAINT {constraint.format(old)} TO {constraint.format(new)}"
    )
