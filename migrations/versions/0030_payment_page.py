"""Add where the buyers of a tenant's checkout page pay; Stripe's page, unless the tenant chooses."""

import sqlalchemy as sa
from alembic import op

revision = "0030_payment_page"
down_revision = "0029_audit_chain"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Code that does not know the column yet sells on Stripe's page.
    op.add_column(
        "tenants",
        sa.Column[str]("payment_page", sa.String(length=40), nullable=False, server_default="hosted"),
    )
    op.create_check_constraint("payment_page_is_known", "tenants", "payment_page IN ('element', 'hosted')")


def downgrade() -> None:
    op.drop_column("tenants", "payment_page")
