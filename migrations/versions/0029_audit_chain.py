"""Create the hash chain over the audit log, and refuse changes of both, also by the owner of the tables."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import check, encrypted, references, tenant_id, timestamp, unique, uuid
from migrations.row_level_security import protect

revision = "0029_audit_chain"
down_revision = "0028_order_search"
branch_labels = None
depends_on = None

_TABLES = ("audit_entries", "audit_links")


def upgrade() -> None:
    op.create_table(
        "audit_links",
        *tenant_id(),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        uuid("entry_id"),
        encrypted("digest"),
        timestamp("sealed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "sequence"),
        references("audit_entries", "entry_id"),
        check("sequence_is_positive", "sequence > 0"),
        check("digest_is_sha256", "octet_length(digest) = 32"),
        unique("entry_id"),
    )
    protect("audit_links", privileges="SELECT, INSERT")
    _refuse_changes()
    accept("alerts", "kind", "audit_chain_broken")


def downgrade() -> None:
    accept_no_longer("alerts", "kind", "audit_chain_broken")
    op.execute("DROP TRIGGER audit_entries_refuse_changes ON audit_entries")
    op.drop_table("audit_links")
    op.execute("DROP FUNCTION lumira_refuse_audit_change()")


def _refuse_changes() -> None:
    # For each statement and not for each row, so that TRUNCATE is refused too. The owner of the tables can drop the
    # trigger; the chain and its heads show what was changed then.
    op.execute(
        """
        CREATE FUNCTION lumira_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql
        SET search_path = public, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'The audit log is never changed: % of % is refused.', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION lumira_refuse_audit_change()"
        )
