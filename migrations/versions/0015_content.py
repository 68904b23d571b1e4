"""What products contain, what is made for one buyer, and the files of both."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0015_content"
down_revision = "0014_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("products", "order_lines"):
        op.add_column(
            table,
            sa.Column("deliverables", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'")),
        )
    _create_contents()
    _create_deliverables()
    _create_files()
    create_sweep_function(
        "lumira_tenants_with_files_to_remove(begun_before timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM files "
        "WHERE deleted_at IS NOT NULL OR (stored_at IS NULL AND created_at < begun_before)",
    )


def _create_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('card', 'pdf', 'audio', 'mandala', 'file')", name="kind_is_known"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_contents_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["products.tenant_id", "products.id"],
            name="fk_contents_tenant_id_product_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_contents"),
        sa.UniqueConstraint("tenant_id", "product_id", "key", name="uq_contents_tenant_id_product_id_key"),
    )
    protect("contents")


def _create_deliverables() -> None:
    op.create_table(
        "deliverables",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('to_do', 'in_progress', 'delivered')", name="state_is_known"),
        sa.CheckConstraint(
            "(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_has_its_time"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_deliverables_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_deliverables_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_line_id"],
            ["order_lines.tenant_id", "order_lines.id"],
            name="fk_deliverables_tenant_id_order_line_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_deliverables"),
        sa.UniqueConstraint(
            "tenant_id", "order_line_id", "key", name="uq_deliverables_tenant_id_order_line_id_key"
        ),
    )
    op.create_index("ix_deliverables_by_order", "deliverables", ["tenant_id", "order_id"])
    protect("deliverables")


def _create_files() -> None:
    op.create_table(
        "files",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_name", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("content_id", sa.Uuid(), nullable=True),
        sa.Column("deliverable_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size > 0", name="size_is_positive"),
        sa.CheckConstraint("(stored_at IS NULL) = (size IS NULL OR sha256 IS NULL)", name="stored_is_known"),
        sa.CheckConstraint(
            "num_nonnulls(content_id, deliverable_id) = CASE WHEN stored_at IS NULL THEN 0 ELSE 1 END",
            name="stored_has_one_place",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_files_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "content_id"],
            ["contents.tenant_id", "contents.id"],
            name="fk_files_tenant_id_content_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deliverable_id"],
            ["deliverables.tenant_id", "deliverables.id"],
            name="fk_files_tenant_id_deliverable_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_files"),
        sa.UniqueConstraint("tenant_id", "object_name", name="uq_files_tenant_id_object_name"),
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


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_tenants_with_files_to_remove(timestamptz)")
    for table in ("files", "deliverables", "contents"):
        op.drop_table(table)
    for table in ("order_lines", "products"):
        op.drop_column(table, "deliverables")
