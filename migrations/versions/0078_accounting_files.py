"""Create the files for the accountant that a worker prepares, and let alerts be about sales in the EU."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import check, choice, identity, integer, text, timestamp, unique
from migrations.row_level_security import create_sweep_function, show_to_sweep
from migrations.tenant_tables import create_tenant_table

revision = "0078_accounting_files"
down_revision = "0077_frozen_tenants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept("alerts", "kind", "eu_sales_threshold")
    op.add_column("ledger_books", timestamp("leased_until", nullable=True))
    op.add_column("ledger_books", sa.Column("token", sa.Integer(), nullable=False, server_default="0"))
    create_tenant_table(
        "accounting_files",
        *identity(),
        *choice("kind", "fec", "documents"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        text("language"),
        text("requested_by"),
        timestamp("created_at"),
        *choice("state", "pending", "ready", "failed"),
        integer("attempts"),
        timestamp("next_attempt_at"),
        text("object_name"),
        text("file_name", nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        text("sha256", nullable=True),
        integer("missing"),
        unique("object_name"),
        check("days_are_ordered", "first_day <= last_day"),
        check(
            "ready_is_stored",
            "(state = 'ready') = (size IS NOT NULL AND sha256 IS NOT NULL AND file_name IS NOT NULL)",
        ),
        privileges="SELECT, INSERT, UPDATE, DELETE",
    )
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_accounting_files_due",
        "accounting_files",
        ["tenant_id", "next_attempt_at"],
        postgresql_where=pending,
    )
    op.create_index(
        "uq_accounting_files_pending",
        "accounting_files",
        ["tenant_id", "kind", "first_day", "last_day", "language"],
        unique=True,
        postgresql_where=pending,
    )
    show_to_sweep("accounting_files", "tenant_id, state, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_accounting_files(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM accounting_files WHERE state = 'pending' AND next_attempt_at <= now",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_tenants_with_due_accounting_files(timestamptz)")
    op.drop_table("accounting_files")
    op.drop_column("ledger_books", "token")
    op.drop_column("ledger_books", "leased_until")
    accept_no_longer("alerts", "kind", "eu_sales_threshold")
