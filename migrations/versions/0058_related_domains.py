"""Find out which of some domains are above or below a domain of another tenant."""

from alembic import op

from migrations.row_level_security import CURRENT_TENANT, create_sweep_function

revision = "0058_related_domains"
down_revision = "0057_tenants_of_orders"
branch_labels = None
depends_on = None

#: It returns a position in the caller's own list: nothing about the other tenant, and not which one it is.
_QUERY = f"""
    SELECT min(asked.position)::integer
    FROM unnest(requested_domains) WITH ORDINALITY AS asked (domain, position)
    JOIN tenant_domains AS other
      ON other.tenant_id <> {CURRENT_TENANT}
     AND (right(asked.domain, length(other.domain) + 1) = '.' || other.domain
          OR right(other.domain, length(asked.domain) + 1) = '.' || asked.domain)
"""  # noqa: S608 - a constant


def upgrade() -> None:
    create_sweep_function("lumira_find_related_domain(requested_domains text[])", "integer", _QUERY)


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_find_related_domain(text[])")
