"""Receipts and credit notes, their counters, and the seller's legal lines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import APPLICATION, protect

revision = "0017_receipts"
down_revision = "0016_letters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", sa.Column("seller", postgresql.JSONB(), nullable=True))
    _create_counters()
    _create_receipts()


def _create_counters() -> None:
    op.create_table(
        "receipt_counters",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("series IN ('receipt', 'credit_note')", name="series_is_known"),
        sa.CheckConstraint("last_number > 0", name="last_number_is_positive"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_receipt_counters_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "series", "year", name="pk_receipt_counters"),
    )
    protect("receipt_counters")


def _create_receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_label", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("vat_amount", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("seller", postgresql.JSONB(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("buyer", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('receipt', 'credit_note')", name="kind_is_known"),
        sa.CheckConstraint("kind = 'receipt' OR subject <> ''", name="credit_note_has_subject"),
        sa.CheckConstraint("(subject = '') = (corrects_id IS NULL)", name="what_has_subject_corrects"),
        sa.CheckConstraint("(corrects_id IS NULL) = (corrects_label IS NULL)", name="corrected_is_named"),
        sa.CheckConstraint("number > 0", name="number_is_positive"),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("vat_amount BETWEEN 0 AND amount", name="vat_is_part_of_amount"),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_receipts_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_receipts_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "corrects_id"],
            ["receipts.tenant_id", "receipts.id"],
            name="fk_receipts_tenant_id_corrects_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_receipts"),
        sa.UniqueConstraint(
            "tenant_id", "order_id", "kind", "subject", name="uq_receipts_tenant_id_order_id_kind_subject"
        ),
        sa.UniqueConstraint(
            "tenant_id", "kind", "year", "number", name="uq_receipts_tenant_id_kind_year_number"
        ),
        sa.UniqueConstraint("tenant_id", "label", name="uq_receipts_tenant_id_label"),
    )
    protect("receipts", privileges="SELECT, INSERT")
    # What was issued stands: of a receipt the application may change the buyer's personal data and nothing else.
    op.execute(f"GRANT UPDATE (buyer) ON receipts TO {APPLICATION}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("receipts")
    op.drop_table("receipt_counters")
    op.drop_column("tenants", "seller")
