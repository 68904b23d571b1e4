"""Store unexpected errors by kind, and let an alert be raised about one."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import check, tenant_id, text, timestamp, uuid
from migrations.row_level_security import protect

revision = "0048_program_errors"
down_revision = "0047_installation_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "program_errors",
        # 0 stands for the installation, which is no tenant.
        *tenant_id(references_tenant=False),
        uuid("id"),
        text("error_type"),
        text("place"),
        text("message"),
        text("traceback"),
        text("release"),
        sa.Column("occurrences", sa.BigInteger(), nullable=False),
        timestamp("first_at"),
        timestamp("last_at"),
        text("last_request_id", nullable=True),
        timestamp("resolved_at", nullable=True),
        check("occurred", "occurrences > 0"),
        check("first_before_last", "first_at <= last_at"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_program_errors_newest", "program_errors", ["tenant_id", "last_at", "id"])
    protect("program_errors", privileges="SELECT, INSERT, UPDATE, DELETE")
    accept("alerts", "kind", "program_error")


def downgrade() -> None:
    accept_no_longer("alerts", "kind", "program_error")
    op.drop_table("program_errors")
