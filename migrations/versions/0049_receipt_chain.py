"""Create the hash chains over receipts, and refuse changes of both, also by the owner of the tables."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import boolean, check, choice, encrypted, integer, tenant_id, timestamp, unique
from migrations.row_level_security import protect

revision = "0049_receipt_chain"
down_revision = "0048_program_errors"
branch_labels = None
depends_on = None

_SERIES = ("kind", "livemode", "year", "number")
#: What may be changed of an issued document: erasure removes the buyer, and a buyer may become known later.
_CHANGEABLE = "buyer"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "receipt_links",
        *tenant_id(),
        boolean("livemode"),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        *choice("kind", "receipt", "credit_note"),
        integer("year"),
        integer("number"),
        encrypted("digest"),
        timestamp("sealed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "livemode", "sequence"),
        sa.ForeignKeyConstraint(
            ["tenant_id", *_SERIES], ["receipts.tenant_id", *(f"receipts.{column}" for column in _SERIES)]
        ),
        check("sequence_is_positive", "sequence > 0"),
        check("digest_is_sha256", "octet_length(digest) = 32"),
        unique(*_SERIES),
    )
    protect("receipt_links", privileges="SELECT, INSERT")
    _refuse_changes()
    accept("alerts", "kind", "receipt_chain_broken")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept_no_longer("alerts", "kind", "receipt_chain_broken")
    op.execute("DROP TRIGGER receipts_refuse_removal ON receipts")
    op.execute("DROP TRIGGER receipts_refuse_change ON receipts")
    op.drop_table("receipt_links")
    op.execute("DROP FUNCTION lumira_refuse_receipt_change()")


def _refuse_changes() -> None:
    # The owner of the tables can drop the triggers; the chain and its heads show what was changed then.
    op.execute(
        """
        CREATE FUNCTION lumira_refuse_receipt_change() RETURNS trigger LANGUAGE plpgsql
        SET search_path = public, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'An issued document is never changed: % of % is refused.', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    refuse = "EXECUTE FUNCTION lumira_refuse_receipt_change()"
    op.execute(
        "CREATE TRIGGER receipt_links_refuse_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_links "
        f"FOR EACH STATEMENT {refuse}"
    )
    op.execute(
        "CREATE TRIGGER receipts_refuse_removal BEFORE DELETE OR TRUNCATE ON receipts "
        f"FOR EACH STATEMENT {refuse}"
    )
    # A row that differs in nothing else passes, so that the erasure of a buyer does.
    op.execute(
        "CREATE TRIGGER receipts_refuse_change BEFORE UPDATE ON receipts FOR EACH ROW "
        f"WHEN ((to_jsonb(OLD) - '{_CHANGEABLE}') IS DISTINCT FROM (to_jsonb(NEW) - '{_CHANGEABLE}')) {refuse}"
    )
