"""Replace an API key by another one, and let both work for a time."""

from alembic import op

from migrations.columns import timestamp, uuid

revision = "0050_replaced_api_keys"
down_revision = "0049_receipt_chain"
branch_labels = None
depends_on = None

_CHECKS = {
    "expires_if_replaced": "(expires_at IS NULL) = (replaced_by_id IS NULL)",
    "expires_after_creation": "expires_at >= created_at",
    "replaced_by_another": "replaced_by_id <> id",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_keys", uuid("replaced_by_id", nullable=True))
    op.add_column("api_keys", timestamp("expires_at", nullable=True))
    op.create_foreign_key(None, "api_keys", "api_keys", ["tenant_id", "replaced_by_id"], ["tenant_id", "id"])
    op.create_unique_constraint(None, "api_keys", ["tenant_id", "replaced_by_id"])
    for name, condition in _CHECKS.items():
        op.create_check_constraint(name, "api_keys", condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A key that has expired would work again.
    op.execute("UPDATE api_keys SET revoked_at = expires_at WHERE expires_at <= now() AND revoked_at IS NULL")
    # Its constraints go with a column.
    op.drop_column("api_keys", "expires_at")
    op.drop_column("api_keys", "replaced_by_id")
