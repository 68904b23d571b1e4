"""Create operators with their credentials and sessions, their roles at the tenants, and invitations.

An operator may work for several tenants, so these rows belong to the operator: a transaction that names an operator
sees that operator's rows, whatever its tenant. The roles and the invitations belong to the tenant.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    check,
    choice,
    created_and_updated,
    encrypted,
    identity,
    integer,
    tenant_id,
    text,
    timestamp,
    uuid,
)
from migrations.row_level_security import (
    CURRENT_OPERATOR,
    create_sweep_function,
    protect,
    protect_of_operator,
    show_to_sweep,
)

revision = "0032_operators"
down_revision = "0031_catalog_state"
branch_labels = None
depends_on = None

_ROLES = ("owner", "expert", "viewer")
_ALL = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    _create_operators()
    _create_credentials()
    _create_sessions()
    _create_roles()
    _create_invitations()
    _create_functions()
    # What an operator does to an account of their own is recorded at each tenant of that operator.
    op.execute(
        "CREATE POLICY audit_entries_of_operator ON audit_entries FOR INSERT TO lumira_app "
        f"WITH CHECK (actor = 'operator:' || {CURRENT_OPERATOR} AND EXISTS (SELECT FROM operator_roles r "
        f"WHERE r.tenant_id = audit_entries.tenant_id AND r.operator_id = {CURRENT_OPERATOR} "
        "AND r.removed_at IS NULL))"
    )


def _create_operators() -> None:
    op.create_table(
        "operators",
        uuid("id"),
        text("email"),
        text("email_key"),
        *choice("language", "fr", "en"),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    protect_of_operator("operators", key="id", privileges="SELECT, INSERT, UPDATE")


def _of_operator(*keys: sa.Column[Any]) -> tuple[sa.schema.SchemaItem, ...]:
    names = ["operator_id", *(key.name for key in keys)]
    return (
        uuid("operator_id"),
        *keys,
        sa.PrimaryKeyConstraint(*names),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"]),
    )


def _create_credentials() -> None:
    op.create_table(
        "operator_credentials",
        *_of_operator(),
        text("password_hash"),
        encrypted("totp_secret_sealed"),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        *created_and_updated(),
        check("password_is_hashed", "password_hash LIKE '$argon2id$%'"),
    )
    protect_of_operator("operator_credentials", privileges=_ALL)
    op.create_table(
        "operator_recovery_codes",
        *_of_operator(text("digest")),
        timestamp("created_at"),
        timestamp("used_at", nullable=True),
    )
    protect_of_operator("operator_recovery_codes", privileges=_ALL)
    op.create_table(
        "operator_resets",
        *_of_operator(uuid("id")),
        timestamp("created_at"),
        timestamp("expires_at"),
        timestamp("used_at", nullable=True),
        check("ends_after_it_begins", "expires_at > created_at"),
    )
    protect_of_operator("operator_resets", privileges=_ALL)


def _create_sessions() -> None:
    op.create_table(
        "operator_sessions",
        *_of_operator(uuid("id")),
        text("token_digest"),
        text("device"),
        timestamp("created_at"),
        timestamp("last_seen_at"),
        timestamp("authenticated_at"),
        timestamp("expires_at"),
        timestamp("ended_at", nullable=True),
        sa.UniqueConstraint("token_digest"),
        check("ends_after_it_begins", "expires_at > created_at"),
    )
    protect_of_operator("operator_sessions", privileges=_ALL)


def _create_roles() -> None:
    op.create_table(
        "operator_roles",
        *tenant_id(),
        uuid("operator_id"),
        *choice("role", *_ROLES),
        text("email"),
        timestamp("removed_at", nullable=True),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id", "operator_id"),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"]),
    )
    op.create_index("ix_operator_roles_by_operator", "operator_roles", ["operator_id"])
    protect("operator_roles")
    op.execute(
        "CREATE POLICY operator_roles_of_operator ON operator_roles FOR SELECT TO lumira_app "
        f"USING (operator_id = {CURRENT_OPERATOR})"
    )


def _create_invitations() -> None:
    op.create_table(
        "operator_invitations",
        *identity(),
        text("email"),
        text("email_key"),
        *choice("role", *_ROLES),
        text("actor"),
        timestamp("created_at"),
        timestamp("expires_at"),
        timestamp("accepted_at", nullable=True),
        uuid("accepted_by_id", nullable=True),
        timestamp("revoked_at", nullable=True),
        timestamp("next_attempt_at", nullable=True),
        integer("attempts"),
        timestamp("sent_at", nullable=True),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["operators.id"]),
        check("ends_after_it_begins", "expires_at > created_at"),
        check("has_one_end", "accepted_at IS NULL OR revoked_at IS NULL"),
        check("accepted_by_an_operator", "(accepted_at IS NULL) = (accepted_by_id IS NULL)"),
    )
    op.create_index(
        "uq_operator_invitations_open",
        "operator_invitations",
        ["tenant_id", "email_key"],
        unique=True,
        postgresql_where="accepted_at IS NULL AND revoked_at IS NULL",
    )
    op.create_index(
        "ix_operator_invitations_to_send",
        "operator_invitations",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="next_attempt_at IS NOT NULL",
    )
    protect("operator_invitations", privileges=_ALL)


def _create_functions() -> None:
    show_to_sweep("operators", "id, email_key")
    create_sweep_function(
        "lumira_find_operator(requested_email_key text)",
        "uuid",
        "SELECT id FROM operators WHERE email_key = requested_email_key",
    )
    show_to_sweep("operator_sessions", "operator_id, token_digest, expires_at")
    create_sweep_function(
        "lumira_find_operator_of_session(requested_digest text)",
        "uuid",
        "SELECT operator_id FROM operator_sessions WHERE token_digest = requested_digest",
    )
    create_sweep_function(
        "lumira_operators_with_old_sessions(ended_before timestamptz)",
        "SETOF uuid",
        "SELECT DISTINCT operator_id FROM operator_sessions WHERE expires_at < ended_before",
    )
    show_to_sweep("operator_invitations", "tenant_id, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_unsent_invitations(due_at timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM operator_invitations WHERE next_attempt_at <= due_at",
    )


def downgrade() -> None:
    op.execute("DROP POLICY audit_entries_of_operator ON audit_entries")
    for function in (
        "lumira_tenants_with_unsent_invitations(timestamptz)",
        "lumira_operators_with_old_sessions(timestamptz)",
        "lumira_find_operator_of_session(text)",
        "lumira_find_operator(text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    for table in (
        "operator_invitations",
        "operator_roles",
        "operator_sessions",
        "operator_resets",
        "operator_recovery_codes",
        "operator_credentials",
        "operators",
    ):
        op.drop_table(table)
