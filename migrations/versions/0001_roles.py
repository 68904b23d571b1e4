"""The roles that requests, jobs and look-ups across tenants run as.

Roles belong to the whole cluster, where another installation may use them too: they are created if
absent and never dropped.
"""

from alembic import op

revision = "0001_roles"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for role in ("lumira_app", "lumira_sweep"):
        # Looked for first: an owner without CREATEROLE may not even try, also where the role is there.
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f"CREATE ROLE {role} NOLOGIN NOINHERIT; END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        # The owner hands functions over to the one, and development connects as the other. Whoever made the
        # roles elsewhere has granted them already, and an owner who may not grant finds out when it matters.
        op.execute(
            f"DO $$ BEGIN EXECUTE format('GRANT {role} TO %I', current_user); "
            "EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute("GRANT SELECT ON alembic_version TO lumira_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE SELECT ON alembic_version FROM lumira_app")
    for role in ("lumira_app", "lumira_sweep"):
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
