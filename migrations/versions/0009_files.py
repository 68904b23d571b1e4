"""Create deliverables, and the files of contents and deliverables."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    check,
    choice,
    created_and_updated,
    identity,
    references,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0009_files"
down_revision = "0008_access"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_deliverables()
    _create_files()


def _create_deliverables() -> None:
    op.create_table(
        "deliverables",
        *identity(),
        uuid("order_id"),
        uuid("order_line_id"),
        text("key"),
        *choice("state", "to_do", "in_progress", "delivered"),
        timestamp("delivered_at", nullable=True),
        *created_and_updated(),
        check("delivered_has_its_time", "(state = 'delivered') = (delivered_at IS NOT NULL)"),
        references("orders", "order_id"),
        references("order_lines", "order_line_id"),
        unique("order_line_id", "key"),
    )
    op.create_index("ix_deliverables_by_order", "deliverables", ["tenant_id", "order_id"])
    protect("deliverables")


def _create_files() -> None:
    op.create_table(
        "files",
        *identity(),
        text("object_name"),
        text("file_name"),
        text("content_type"),
        sa.Column("size", sa.BigInteger(), nullable=True),
        text("sha256", nullable=True),
        uuid("content_id", nullable=True),
        uuid("deliverable_id", nullable=True),
        timestamp("created_at"),
        timestamp("stored_at", nullable=True),
        timestamp("deleted_at", nullable=True),
        check("size_is_positive", "size > 0"),
        check("stored_is_known", "(stored_at IS NULL) = (size IS NULL OR sha256 IS NULL)"),
        check(
            "stored_has_one_place",
            "num_nonnulls(content_id, deliverable_id) = CASE WHEN stored_at IS NULL THEN 0 ELSE 1 END",
        ),
        references("contents", "content_id"),
        references("deliverables", "deliverable_id"),
        unique("object_name"),
    )
    op.create_index(
        "uq_files_of_content",
        "files",
        ["tenant_id", "content_id"],
        unique=True,
        postgresql_where="content_id IS NOT NULL AND deleted_at IS NULL",
    )
    op.create_index(
        "uq_files_of_deliverable",
        "files",
        ["tenant_id", "deliverable_id", "file_name"],
        unique=True,
        postgresql_where="deliverable_id IS NOT NULL AND deleted_at IS NULL",
    )
    op.create_index(
        "ix_files_to_remove",
        "files",
        ["tenant_id", "created_at"],
        postgresql_where="stored_at IS NULL OR deleted_at IS NOT NULL",
    )
    protect("files", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("files", "tenant_id, created_at, stored_at, deleted_at")
    create_sweep_function(
        "lumira_tenants_with_files_to_remove(begun_before timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM files "
        "WHERE deleted_at IS NOT NULL OR (stored_at IS NULL AND created_at < begun_before)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_tenants_with_files_to_remove(timestamptz)")
    op.drop_table("files")
    op.drop_table("deliverables")
