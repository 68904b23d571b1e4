"""Let a tenant be frozen while it is moved to another installation, and begin its ids at a random number."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import timestamp, uuid
from migrations.row_level_security import APPLICATION, SWEEP, create_sweep_function

revision = "0077_frozen_tenants"
down_revision = "0076_product_groups"
branch_labels = None
depends_on = None

#: Ids are 32-bit integers: this leaves room for 147 million tenants of each installation.
_LARGEST_START = 2_000_000_000


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", timestamp("frozen_at", nullable=True))
    op.add_column("tenants", uuid("export_id", nullable=True))
    op.add_column("tenants", uuid("import_id", nullable=True))
    op.create_check_constraint(
        "exported_while_frozen", "tenants", sa.text("export_id IS NULL OR frozen_at IS NOT NULL")
    )
    op.execute(f"GRANT SELECT (frozen_at) ON tenants TO {SWEEP}")
    create_sweep_function(
        "lumira_frozen_tenants()", "SETOF integer", "SELECT id FROM tenants WHERE frozen_at IS NOT NULL"
    )
    # PL/pgSQL, because a session keeps the plan of its query: each transaction of a tenant calls it.
    op.execute(
        """
        CREATE FUNCTION lumira_keep_frozen(tenant integer) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM tenants WHERE id = tenant AND frozen_at IS NOT NULL) THEN
                SET LOCAL transaction_read_only = on;
                RETURN true;
            END IF;
            RETURN false;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION lumira_keep_frozen(integer) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lumira_keep_frozen(integer) TO {APPLICATION}")
    # A tenant keeps its id when it is moved, because tokens and hash chains contain it. An installation that has no
    # tenant yet begins at a number of its own.
    op.execute(
        f"""
        SELECT setval('tenants_id_seq', 1 + floor(random() * {_LARGEST_START})::bigint)
        WHERE NOT (SELECT is_called FROM tenants_id_seq)
        """  # noqa: S608 - a constant
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_keep_frozen(integer)")
    op.execute("DROP FUNCTION lumira_frozen_tenants()")
    op.drop_column("tenants", "import_id")
    op.drop_column("tenants", "export_id")
    op.drop_column("tenants", "frozen_at")
