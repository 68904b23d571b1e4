"""Drop foreign keys to a tenant of rows whose foreign key to their order names the tenant already."""

from alembic import op

revision = "0057_tenants_of_orders"
down_revision = "0056_disk_and_certificates"
branch_labels = None
depends_on = None

#: The rows that opening and settling an order write.
_TABLES = ("order_lines", "payment_requests", "payments", "access_grants", "outbox_messages", "receipts")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _TABLES:
        op.drop_constraint(f"fk_{table}_tenant_id", table, type_="foreignkey")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _TABLES:
        op.create_foreign_key(f"fk_{table}_tenant_id", table, "tenants", ["tenant_id"], ["id"])
