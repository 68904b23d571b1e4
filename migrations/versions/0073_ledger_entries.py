"""Create ledger entries for the accounting export, and the settings of their accounts."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    integer,
    jsonb,
    minor_units,
    tenant_id,
    text,
    text_array,
    timestamp,
    unique,
)
from migrations.row_level_security import protect

revision = "0073_ledger_entries"
down_revision = "0072_check_promotions"
branch_labels = None
depends_on = None

_EVENTS = (
    *("sale", "credit_note", "refund_correction", "payment", "refund", "dispute", "fee", "payout", "other"),
    "arrival",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", jsonb("accounting", nullable=True))
    op.execute(
        "CREATE FUNCTION lumira_sum(amounts bigint[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        "AS $$ SELECT coalesce(sum(amount), 0) FROM unnest(amounts) amount $$"
    )
    op.create_table(
        "ledger_books",
        *tenant_id(),
        boolean("livemode"),
        sa.Column("posted_through", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "livemode"),
    )
    protect("ledger_books")
    op.create_table(
        "ledger_entries",
        *tenant_id(),
        boolean("livemode"),
        *choice("journal", "VE", "ST", "BQ"),
        integer("year"),
        integer("number"),
        sa.Column("entry_date", sa.Date(), nullable=False),
        *choice("event", *_EVENTS),
        text("source_id"),
        integer("revision"),
        text("piece"),
        sa.Column("piece_date", sa.Date(), nullable=False),
        text("order_number", nullable=True),
        text_array("roles"),
        sa.Column("amounts", sa.ARRAY(sa.BigInteger()), nullable=False),
        minor_units("foreign_amount", nullable=True),
        sa.Column("foreign_currency", sa.String(length=3), nullable=True),
        timestamp("posted_at"),
        sa.PrimaryKeyConstraint("tenant_id", "livemode", "journal", "year", "number"),
        unique("livemode", "journal", "source_id", "revision"),
        check("number_is_positive", "number > 0"),
        check("revision_is_not_negative", "revision >= 0"),
        check("year_is_of_date", "year = extract(year FROM entry_date)"),
        check("each_role_has_an_amount", "cardinality(roles) = cardinality(amounts)"),
        check("entry_has_lines", "cardinality(amounts) >= 2"),
        check("entry_is_balanced", "lumira_sum(amounts) = 0"),
        check("foreign_is_whole", "(foreign_amount IS NULL) = (foreign_currency IS NULL)"),
    )
    op.create_index(
        "ix_ledger_entries_by_date",
        "ledger_entries",
        ["tenant_id", "livemode", "entry_date", "journal", "number"],
    )
    # An entry is never changed or removed: what changes afterwards is a further one.
    protect("ledger_entries", privileges="SELECT, INSERT")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("ledger_entries")
    op.drop_table("ledger_books")
    op.execute("DROP FUNCTION lumira_sum(bigint[])")
    op.drop_column("tenants", "accounting")
