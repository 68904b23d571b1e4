"""When a buyer's personal data were erased, and by what later words about them are recognised."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019_erasure"
down_revision = "0018_access_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", sa.Column("last_erasure_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customers", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customers", sa.Column("erased_digests", postgresql.ARRAY(sa.Text()), nullable=True))
    op.create_check_constraint(
        "erased_is_recognised", "customers", "(erased_at IS NULL) = (erased_digests IS NULL)"
    )
    # Few are erased, and every address and event is compared with all of them. An index of the digests themselves
    # would be of no use: under row-level security only a tenant's own rows may be asked whether arrays overlap.
    op.create_index(
        "ix_customers_erased",
        "customers",
        ["tenant_id", "id"],
        postgresql_where="erased_digests IS NOT NULL",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_customers_erased", "customers")
    op.drop_constraint(op.f("ck_customers_erased_is_recognised"), "customers", type_="check")
    op.drop_column("customers", "erased_digests")
    op.drop_column("customers", "erased_at")
    op.drop_column("orders", "erased_at")
    op.drop_column("tenants", "last_erasure_at")
