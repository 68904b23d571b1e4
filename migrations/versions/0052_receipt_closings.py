"""Create the closings of days, months and years, with their totals."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import check, choice, encrypted, jsonb, tenant_id, text, timestamp, unique
from migrations.row_level_security import protect

revision = "0052_receipt_closings"
down_revision = "0051_worker_silent"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "receipt_closings",
        *tenant_id(),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        *choice("period", "day", "month", "year"),
        sa.Column("first_day", sa.Date(), nullable=False),
        text("time_zone"),
        jsonb("last_numbers"),
        jsonb("totals"),
        jsonb("perpetual_totals"),
        encrypted("digest"),
        timestamp("sealed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "sequence"),
        check("sequence_is_positive", "sequence > 0"),
        check("digest_is_sha256", "octet_length(digest) = 32"),
        unique("period", "first_day"),
    )
    protect("receipt_closings", privileges="SELECT, INSERT")
    op.execute(
        "CREATE TRIGGER receipt_closings_refuse_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_closings "
        "FOR EACH STATEMENT EXECUTE FUNCTION lumira_refuse_receipt_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("receipt_closings")
