"""Read in one statement what a catalog's replies depend on: its version, and the units that can be bought."""

from alembic import op

revision = "0031_catalog_state"
down_revision = "0030_payment_page"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # It runs as its caller, so that row-level security applies: the tenant is set first, until the statement ends.
    op.execute(
        """
        CREATE FUNCTION lumira_catalog_state(
            tenant integer, OUT created_at timestamptz, OUT version integer, OUT available text
        ) LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM set_config('lumira.tenant_id', tenant::text, true);
            SELECT t.created_at, t.catalog_version, (
                SELECT json_object_agg(i.product_id, i.on_hand - i.reserved ORDER BY i.product_id)::text
                FROM stock_items i WHERE i.tenant_id = tenant
            ) INTO created_at, version, available FROM tenants t WHERE t.id = tenant;
        END $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_catalog_state(integer)")
