"""Row-level security: the steps of each migration that creates a table of a tenant."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

APPLICATION = "lumira_app"
SWEEP = "lumira_sweep"
#: SQL for the tenant of the running transaction; NULL if none is set, which no row matches.
CURRENT_TENANT = "NULLIF(current_setting('lumira.tenant_id', true), '')::integer"

#: SQL for the operator of the running transaction; NULL if none is set, which no row matches.
CURRENT_OPERATOR = "NULLIF(current_setting('lumira.operator_id', true), '')::uuid"


def protect(table: str, *, key: str = "tenant_id", privileges: str = "SELECT, INSERT, UPDATE") -> None:
    """Show a table's rows to their own tenant only, and grant the application its privileges.

    Row-level security is forced, so that the policy applies to the owner too.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_of_tenant ON {table} "
        f"USING ({key} = {CURRENT_TENANT}) WITH CHECK ({key} = {CURRENT_TENANT})"
    )
    op.execute(f"GRANT {privileges} ON {table} TO {APPLICATION}")


def protect_of_operator(table: str, *, key: str = "operator_id", privileges: str) -> None:
    """Show a table's rows to their own operator only, and grant the application its privileges."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_of_operator ON {table} "
        f"USING ({key} = {CURRENT_OPERATOR}) WITH CHECK ({key} = {CURRENT_OPERATOR})"
    )
    op.execute(f"GRANT {privileges} ON {table} TO {APPLICATION}")


@contextmanager
def every_row(table: str) -> Iterator[None]:
    """Let the owner change rows of all tenants for one step of a migration.

    An owner that is not a superuser is subject to the policy too, and sees no row. No other session sees more
    meanwhile: ALTER TABLE locks the table until the migration ends.
    """
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def show_to_sweep(table: str, columns: str) -> None:
    """Let the functions that span tenants read these columns of every row, and no other column."""
    op.execute(f"CREATE POLICY {table}_for_sweep ON {table} FOR SELECT TO {SWEEP} USING (true)")
    op.execute(f"GRANT SELECT ({columns}) ON {table} TO {SWEEP}")


def create_sweep_function(signature: str, returns: str, query: str) -> None:
    """Create a lookup that precedes or spans tenants: it runs as the sweep role and returns ids or numbers."""
    op.execute(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $$ {query} $$"
    )
    # PostgreSQL transfers a function only to a role with CREATE on its schema; the grant lasts for this step.
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SWEEP}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {SWEEP}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SWEEP}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APPLICATION}")
