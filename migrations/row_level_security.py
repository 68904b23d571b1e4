"""Steps that every migration with a tenant's table takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

APPLICATION = "lumira_app"
SWEEP = "lumira_sweep"
#: The tenant of the running transaction; nothing where none is set.
CURRENT_TENANT = "NULLIF(current_setting('lumira.tenant_id', true), '')::integer"


def protect(table: str, *, key: str = "tenant_id", privileges: str = "SELECT, INSERT, UPDATE") -> None:
    """Show a table's rows to their own tenant only, whoever asks: forced, so that the owner is held too."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_of_tenant ON {table} "
        f"USING ({key} = {CURRENT_TENANT}) WITH CHECK ({key} = {CURRENT_TENANT})"
    )
    op.execute(f"GRANT {privileges} ON {table} TO {APPLICATION}")


@contextmanager
def every_row(table: str) -> Iterator[None]:
    """Let the owner change rows of all tenants for one step of a migration.

    An owner without a superuser's rights is held by the policy too, and sees no row at all. Nobody else does
    meanwhile either: the table stays locked until the migration ends.
    """
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def show_to_sweep(table: str, columns: str) -> None:
    """Let the functions that span tenants read these columns of every row, and no others."""
    op.execute(f"CREATE POLICY {table}_for_sweep ON {table} FOR SELECT TO {SWEEP} USING (true)")
    op.execute(f"GRANT SELECT ({columns}) ON {table} TO {SWEEP}")


def create_sweep_function(signature: str, returns: str, query: str) -> None:
    """A look-up that precedes or spans tenants: it runs as the sweeping role and returns ids only."""
    op.execute(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $$ {query} $$"
    )
    # Only an owner that may create in the schema can be given a function; the right lasts for this step.
    op.execute(f"GRANT CREATE ON SCHEMA public TO {SWEEP}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {SWEEP}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {SWEEP}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APPLICATION}")
