"""Create receipts and credit notes, and the counters of their numbers."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    currency,
    identity,
    integer,
    jsonb,
    minor_units,
    references,
    tenant_id,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import APPLICATION, protect

revision = "0006_receipts"
down_revision = "0005_payments_and_refunds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_counters",
        *tenant_id(),
        *choice("series", "receipt", "credit_note"),
        boolean("livemode"),
        integer("year"),
        integer("last_number"),
        timestamp("last_issued_at"),
        check("last_number_is_positive", "last_number > 0"),
        sa.PrimaryKeyConstraint("tenant_id", "series", "livemode", "year"),
    )
    protect("receipt_counters")
    _create_receipts()


def _create_receipts() -> None:
    op.create_table(
        "receipts",
        *identity(),
        uuid("order_id"),
        *choice("kind", "receipt", "credit_note"),
        text("subject"),
        boolean("livemode"),
        integer("year"),
        integer("number"),
        text("label"),
        uuid("corrects_id", nullable=True),
        text("corrects_label", nullable=True),
        timestamp("issued_at"),
        text("time_zone"),
        text("order_number"),
        timestamp("moved_at"),
        minor_units("amount"),
        minor_units("vat_amount", nullable=True),
        *currency(),
        jsonb("seller"),
        jsonb("lines"),
        jsonb("buyer"),
        check("subject_is_set", "subject <> ''"),
        check("credit_note_corrects", "kind = 'receipt' OR corrects_id IS NOT NULL"),
        check("corrected_is_named", "(corrects_id IS NULL) = (corrects_label IS NULL)"),
        check("number_is_positive", "number > 0"),
        check("amount_is_positive", "amount > 0"),
        check("vat_is_part_of_amount", "vat_amount BETWEEN 0 AND amount"),
        references("orders", "order_id"),
        references("receipts", "corrects_id"),
        unique("order_id", "kind", "subject"),
        unique("kind", "livemode", "year", "number"),
        unique("label"),
    )
    protect("receipts", privileges="SELECT, INSERT")
    # An issued receipt never changes, except that erasure removes the buyer's personal data.
    op.execute(f"GRANT UPDATE (buyer) ON receipts TO {APPLICATION}")


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_table("receipt_counters")
