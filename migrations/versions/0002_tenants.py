"""Tenants, the names they answer to, their keys."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0002_tenants"
down_revision = "0001_roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tenants",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("order_prefix", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("statement_descriptor_suffix", sa.Text(), nullable=True),
        sa.Column("release_on_failure", sa.String(length=40), nullable=False),
        sa.Column("catalog_version", sa.Integer(), nullable=False),
        sa.Column("stripe_publishable_key", sa.Text(), nullable=True),
        sa.Column("stripe_secret_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("stripe_account", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        sa.CheckConstraint("order_prefix ~ '^[A-Z0-9]{2,8}$'", name="order_prefix_is_short"),
        sa.CheckConstraint(
            "release_on_failure IN ('at_once', 'at_deadline')", name="release_on_failure_is_known"
        ),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug_is_a_label"),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("order_prefix", name="uq_tenants_order_prefix"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
    )
    protect("tenants", key="id")
    op.execute("GRANT USAGE ON SEQUENCE tenants_id_seq TO lumira_app")
    op.create_table(
        "tenant_domains",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.CheckConstraint("domain = lower(domain)", name="domain_is_lower_case"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_tenant_domains_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_tenant_domains"),
        sa.UniqueConstraint("domain", name="uq_tenant_domains_domain"),
    )
    protect("tenant_domains", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "webhook_secrets",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_secrets_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_secrets"),
        sa.UniqueConstraint("tenant_id", "fingerprint", name="uq_webhook_secrets_tenant_id_fingerprint"),
    )
    protect("webhook_secrets", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('publishable', 'secret')", name="kind_is_known"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_api_keys_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_api_keys"),
        sa.UniqueConstraint("lookup", name="uq_api_keys_lookup"),
    )
    protect("api_keys")

    show_to_sweep("tenants", "id, slug")
    show_to_sweep("tenant_domains", "tenant_id, domain")
    show_to_sweep("api_keys", "tenant_id, id, lookup")
    create_sweep_function("lumira_list_tenants()", "SETOF integer", "SELECT id FROM tenants ORDER BY id")
    create_sweep_function(
        "lumira_find_tenant(wanted text)", "integer", "SELECT id FROM tenants WHERE slug = wanted"
    )
    create_sweep_function(
        "lumira_find_tenant_by_domain(wanted text)",
        "integer",
        "SELECT tenant_id FROM tenant_domains WHERE domain = wanted",
    )
    create_sweep_function(
        "lumira_find_api_key(wanted text)",
        "TABLE (tenant_id integer, id uuid)",
        "SELECT k.tenant_id, k.id FROM api_keys k WHERE k.lookup = wanted",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_find_api_key(text)")
    op.execute("DROP FUNCTION lumira_find_tenant_by_domain(text)")
    op.execute("DROP FUNCTION lumira_find_tenant(text)")
    op.execute("DROP FUNCTION lumira_list_tenants()")
    op.drop_table("api_keys")
    op.drop_table("webhook_secrets")
    op.drop_table("tenant_domains")
    op.drop_table("tenants")
