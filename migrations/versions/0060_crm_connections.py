"""Store the connections of tenants to their Dolibarr."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    check,
    choice,
    created_and_updated,
    encrypted,
    integer,
    jsonb,
    tenant_id,
    text,
    timestamp,
)
from migrations.row_level_security import protect

revision = "0060_crm_connections"
down_revision = "0059_promotion_codes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crm_connections",
        *tenant_id(),
        text("url"),
        encrypted("api_key_sealed", nullable=True),
        integer("entity", nullable=True),
        integer("bank_account_id", nullable=True),
        integer("payment_type_id", nullable=True),
        integer("category_id", nullable=True),
        jsonb("vat_rates"),
        *choice("lost_disputes", "credit_note", "review"),
        text("currency", nullable=True),
        timestamp("checked_at", nullable=True),
        jsonb("findings", nullable=True),
        timestamp("set_up_at", nullable=True),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id"),
        check("url_is_http", "url ~ '^https?://[^[:space:]]+[^/[:space:]]$'"),
        check("entity_is_positive", "entity > 0"),
        check("bank_account_is_an_id", "bank_account_id > 0"),
        check("payment_type_is_an_id", "payment_type_id > 0"),
        check("category_is_an_id", "category_id > 0"),
        check("vat_rates_are_a_table", "jsonb_typeof(vat_rates) = 'object'"),
        check("findings_are_a_list", "jsonb_typeof(findings) = 'array'"),
        check("check_has_its_findings", "(checked_at IS NULL) = (findings IS NULL)"),
        check("currency_is_iso", "currency ~ '^[a-z]{3}$'"),
    )
    protect("crm_connections", privileges="SELECT, INSERT, UPDATE, DELETE")
    # On the tenant's row, which settling loads anyway: a shop without a CRM pays no statement for it.
    op.add_column("tenants", timestamp("crm_switched_on_at", nullable=True))


def downgrade() -> None:
    op.drop_column("tenants", "crm_switched_on_at")
    op.drop_table("crm_connections")
