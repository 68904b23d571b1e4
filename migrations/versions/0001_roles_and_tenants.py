"""Create the database roles, and tenants with their domains and keys.

Roles belong to the whole PostgreSQL cluster, where another installation may use them too: they are created if
absent and never dropped.
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    currency,
    encrypted,
    identity,
    integer,
    jsonb,
    text,
    timestamp,
    unique,
)
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0001_roles_and_tenants"
down_revision = None
branch_labels = None
depends_on = None

_ROLES = ("lumira_app", "lumira_sweep")


def upgrade() -> None:
    for role in _ROLES:
        _create_role(role)
    op.execute("GRANT SELECT ON alembic_version TO lumira_app")
    _create_tenants()
    _create_tenant_domains()
    _create_webhook_secrets()
    _create_api_keys()


def _create_role(role: str) -> None:
    # An owner without CREATEROLE fails at CREATE ROLE even if the role exists, so look before.
    op.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
        f"CREATE ROLE {role} NOLOGIN NOINHERIT; END IF; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    # The owner transfers functions to lumira_sweep, and development connects as lumira_app. An administrator
    # who created the roles has granted them to the owner too; without that grant a later step fails.
    op.execute(
        f"DO $$ BEGIN EXECUTE format('GRANT {role} TO %I', current_user); "
        "EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
    )
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")


def _create_tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        text("slug"),
        text("name"),
        *currency(),
        text("order_prefix"),
        text("time_zone"),
        text("statement_descriptor_suffix", nullable=True),
        *choice("release_on_failure", "at_once", "at_deadline"),
        boolean("email_required"),
        integer("catalog_version"),
        jsonb("seller", nullable=True),
        text("alert_email", nullable=True),
        text("support_email", nullable=True),
        text("shop_url", nullable=True),
        text("brand_color", nullable=True),
        text("brand_background", nullable=True),
        integer("brand_radius", nullable=True),
        text("stripe_publishable_key", nullable=True),
        encrypted("stripe_secret_key_sealed", nullable=True),
        boolean("livemode"),
        text("stripe_account", nullable=True),
        timestamp("events_pulled_until", nullable=True),
        timestamp("last_erasure_at", nullable=True),
        *created_and_updated(),
        check("slug_is_a_label", "slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'"),
        check("order_prefix_is_short", "order_prefix ~ '^[A-Z0-9]{2,8}$'"),
        check("brand_color_is_hexadecimal", "brand_color ~ '^#[0-9A-F]{6}$'"),
        check("brand_background_is_hexadecimal", "brand_background ~ '^#[0-9A-F]{6}$'"),
        check("brand_radius_is_small", "brand_radius BETWEEN 0 AND 32"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        sa.UniqueConstraint("order_prefix"),
    )
    protect("tenants", key="id")
    op.execute("GRANT USAGE ON SEQUENCE tenants_id_seq TO lumira_app")
    show_to_sweep("tenants", "id, slug, stripe_account")
    create_sweep_function("lumira_list_tenants()", "SETOF integer", "SELECT id FROM tenants ORDER BY id")
    create_sweep_function(
        "lumira_find_tenant(requested_slug text)",
        "integer",
        "SELECT id FROM tenants WHERE slug = requested_slug",
    )
    create_sweep_function(
        "lumira_find_tenants_by_account(requested_account text)",
        "SETOF integer",
        "SELECT id FROM tenants WHERE stripe_account = requested_account ORDER BY id",
    )


def _create_tenant_domains() -> None:
    op.create_table(
        "tenant_domains",
        *identity(),
        text("domain"),
        check("domain_is_lower_case", "domain = lower(domain)"),
        sa.UniqueConstraint("domain"),
    )
    protect("tenant_domains", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("tenant_domains", "tenant_id, domain")
    create_sweep_function(
        "lumira_find_tenant_by_domain(requested_domain text)",
        "integer",
        "SELECT tenant_id FROM tenant_domains WHERE domain = requested_domain",
    )


def _create_webhook_secrets() -> None:
    op.create_table(
        "webhook_secrets",
        *identity(),
        text("fingerprint"),
        encrypted("sealed"),
        timestamp("created_at"),
        unique("fingerprint"),
    )
    protect("webhook_secrets", privileges="SELECT, INSERT, UPDATE, DELETE")


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        *identity(),
        *choice("kind", "publishable", "secret"),
        text("lookup"),
        text("digest"),
        timestamp("created_at"),
        timestamp("revoked_at", nullable=True),
        sa.UniqueConstraint("lookup"),
    )
    protect("api_keys")
    show_to_sweep("api_keys", "tenant_id, id, lookup")
    create_sweep_function(
        "lumira_find_api_key(requested_lookup text)",
        "TABLE (tenant_id integer, id uuid)",
        "SELECT k.tenant_id, k.id FROM api_keys k WHERE k.lookup = requested_lookup",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_find_api_key(text)")
    op.execute("DROP FUNCTION lumira_find_tenant_by_domain(text)")
    op.execute("DROP FUNCTION lumira_find_tenants_by_account(text)")
    op.execute("DROP FUNCTION lumira_find_tenant(text)")
    op.execute("DROP FUNCTION lumira_list_tenants()")
    for table in ("api_keys", "webhook_secrets", "tenant_domains", "tenants"):
        op.drop_table(table)
    op.execute("REVOKE SELECT ON alembic_version FROM lumira_app")
    for role in _ROLES:
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
