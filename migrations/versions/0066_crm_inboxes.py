"""Store what is to be read from a tenant's CRM, and the data of a customer that both sides have."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import check, choice, encrypted, integer, references, tenant_id, text, timestamp, uuid
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0066_crm_inboxes"
down_revision = "0065_crm_tasks"
branch_labels = None
depends_on = None

_ALERTS = ("crm_unlinked", "crm_conflict")
_CONTACT = ("phone", "address", "postal_code", "city", "country")


def upgrade() -> None:
    for name in _CONTACT:
        op.add_column("customers", text(name, nullable=True))
    _create_inboxes()
    _create_notifications()
    _create_conflicts()
    # What staff changed by hand, which `flask crm drift` shows.
    op.add_column("crm_links", timestamp("noticed_at", nullable=True))
    op.add_column("crm_links", text("noticed", nullable=True))
    accept("alerts", "kind", *_ALERTS)


def _create_inboxes() -> None:
    op.create_table(
        "crm_inboxes",
        *tenant_id(),
        encrypted("secret_sealed"),
        text("secret_digest"),
        timestamp("secret_created_at"),
        timestamp("notified_at", nullable=True),
        timestamp("next_poll_at"),
        timestamp("poll_since"),
        timestamp("poll_began_at"),
        sa.Column("poll_after_id", sa.BigInteger(), nullable=False),
        timestamp("next_sweep_at"),
        sa.Column("sweep_after_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
        check("positions_are_ids", "poll_after_id >= 0 AND sweep_after_id >= 0"),
        check("secret_digest_is_sha256", "secret_digest ~ '^[0-9a-f]{64}$'"),
    )
    protect("crm_inboxes", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("crm_inboxes", "tenant_id, next_poll_at, next_sweep_at")


def _create_notifications() -> None:
    op.create_table(
        "crm_notifications",
        *tenant_id(),
        *choice("element", "third_party", "order", "invoice"),
        sa.Column("dolibarr_id", sa.BigInteger(), nullable=False, autoincrement=False),
        integer("number"),
        timestamp("enqueued_at"),
        timestamp("next_attempt_at"),
        integer("attempts"),
        sa.PrimaryKeyConstraint("tenant_id", "element", "dolibarr_id"),
        check("dolibarr_id_is_an_id", "dolibarr_id > 0"),
        check("notifications_counted", "number > 0 AND attempts >= 0"),
    )
    op.create_index("ix_crm_notifications_due", "crm_notifications", ["tenant_id", "next_attempt_at"])
    protect("crm_notifications", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("crm_notifications", "tenant_id, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_crm_reading(now timestamptz)",
        "SETOF integer",
        "SELECT tenant_id FROM crm_inboxes WHERE next_poll_at <= now OR next_sweep_at <= now "
        "UNION SELECT tenant_id FROM crm_notifications WHERE next_attempt_at <= now",
    )


def _create_conflicts() -> None:
    op.create_table(
        "crm_conflicts",
        *tenant_id(),
        uuid("customer_id"),
        *choice("field", "name", "email", "phone", "address", "postal_code", "city", "country"),
        *choice("reason", "both_changed", "email_changed", "invalid"),
        text("ours", nullable=True),
        text("theirs", nullable=True),
        timestamp("opened_at"),
        sa.PrimaryKeyConstraint("tenant_id", "customer_id", "field"),
        references("customers", "customer_id"),
    )
    op.create_index("ix_crm_conflicts_by_age", "crm_conflicts", ["tenant_id", "opened_at", "customer_id"])
    protect("crm_conflicts", privileges="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    accept_no_longer("alerts", "kind", *_ALERTS)
    for column in ("noticed", "noticed_at"):
        op.drop_column("crm_links", column)
    op.drop_table("crm_conflicts")
    op.execute("DROP FUNCTION lumira_tenants_with_due_crm_reading(timestamptz)")
    op.drop_table("crm_notifications")
    op.drop_table("crm_inboxes")
    for name in _CONTACT:
        op.drop_column("customers", name)
