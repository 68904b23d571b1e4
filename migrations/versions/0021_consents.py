"""Add the terms of a tenant, and what a buyer consented to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021_consents"
down_revision = "0020_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column[str]("terms_version", sa.Text(), nullable=True))
    op.add_column("tenants", sa.Column[str]("terms_url", sa.Text(), nullable=True))
    op.create_check_constraint(
        "terms_have_an_address", "tenants", "(terms_version IS NULL) = (terms_url IS NULL)"
    )
    op.add_column("orders", sa.Column("consents", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "consents")
    op.drop_column("tenants", "terms_url")
    op.drop_column("tenants", "terms_version")
