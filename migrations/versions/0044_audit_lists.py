"""Index the audit log by action and by actor, as the dashboard lists it."""

from alembic import op

revision = "0044_audit_lists"
down_revision = "0043_values_of_the_file"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_entries_by_action", "audit_entries", ["tenant_id", "action", "id"])
    op.create_index("ix_audit_entries_by_actor", "audit_entries", ["tenant_id", "actor", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_entries_by_actor", "audit_entries")
    op.drop_index("ix_audit_entries_by_action", "audit_entries")
