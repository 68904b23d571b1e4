"""How a migration creates a table with rows of tenants, in a database of one server and in a cluster alike."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import protect

#: Every other table is placed as this one is, so that all rows of a tenant are on one server.
_PLACED_FIRST = "orders"
_IS_SPREAD = sa.text(
    "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = CAST(:table AS regclass))"
)


def create_tenant_table(
    name: str, *items: sa.schema.SchemaItem, privileges: str = "SELECT, INSERT, UPDATE"
) -> None:
    """Create a table whose primary key begins with `tenant_id`, and show a tenant its own rows only.

    Where the tables are spread over several servers, the new one is too, before its foreign keys are added: one without
    a key to another table would stay on the coordinator, and one with a key could not refer to rows elsewhere.
    """
    keys = [item for item in items if isinstance(item, sa.ForeignKeyConstraint)]
    op.create_table(name, *(item for item in items if not isinstance(item, sa.ForeignKeyConstraint)))
    if is_spread():
        op.execute(
            f"SELECT create_distributed_table('{name}', 'tenant_id', colocate_with => '{_PLACED_FIRST}')"
        )
    for key in keys:
        [referred] = {element.target_fullname.rpartition(".")[0] for element in key.elements}
        columns = [element.target_fullname.rpartition(".")[2] for element in key.elements]
        op.create_foreign_key(None, name, referred, list(key.column_keys), columns, ondelete=key.ondelete)
    protect(name, privileges=privileges)


def is_spread() -> bool:
    """Return whether `flask db distribute` has spread the tables of this database."""
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT to_regclass('pg_dist_partition') IS NULL")).scalar_one():
        return False
    return bool(connection.execute(_IS_SPREAD, {"table": _PLACED_FIRST}).scalar_one())
