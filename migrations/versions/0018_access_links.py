"""Links to the buyer's page, and the message that carries a new one."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import every_row, protect

revision = "0018_access_links"
down_revision = "0017_receipts"
branch_labels = None
depends_on = None

_KINDS = (
    "'order_confirmation', 'payment_failed', 'order_refunded', 'access_ready', 'deliverable_ready', "
    "'dispute_alert'"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "access_links",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number > 0", name="number_is_positive"),
        sa.CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_access_links_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="fk_access_links_tenant_id_customer_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_access_links"),
        sa.UniqueConstraint(
            "tenant_id", "customer_id", "number", name="uq_access_links_tenant_id_customer_id_number"
        ),
    )
    # Whoever is erased leaves no link behind.
    protect("access_links", privileges="SELECT, INSERT, UPDATE, DELETE")
    _know_kinds(f"{_KINDS}, 'access_link'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with every_row("outbox_messages"):
        op.execute("DELETE FROM outbox_messages WHERE kind = 'access_link'")
    _know_kinds(_KINDS)
    op.drop_table("access_links")


def _know_kinds(kinds: str) -> None:
    name = op.f("ck_outbox_messages_kind_is_known")
    op.drop_constraint(name, "outbox_messages", type_="check")
    op.create_check_constraint(name, "outbox_messages", f"kind IN ({kinds})")
