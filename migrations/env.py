"""Run the migrations of `flask db …` as the owner, each in its own transaction, while the shop sells."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.engine import make_url

from lumira import models
from lumira.database import Base
from migrations.locks import repeated_while_locked
from migrations.server import refuse_other_encodings, restrict_connections, wait_for_other_migrations

assert models.__all__  # noqa: S101 - importing the models fills the metadata


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether Lumira's models describe it: not Procrastinate's own tables, and no partition of a table."""
    foreign = ("procrastinate_", "webhook_events_")
    return not (kind == "table" and name is not None and name.startswith(foreign))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_is_ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need a database connection: some steps depend on what exists. Omit --sql.")

connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    engine = create_engine(current_app.config["DATABASE_OWNER_URL"], poolclass=pool.NullPool)
    with engine.connect() as owner:
        refuse_other_encodings(owner)
        wait_for_other_migrations(owner)
        repeated_while_locked(owner, lambda: _run(owner))
        restrict_connections(owner, make_url(current_app.extensions["lumira"].database_url).username)
    engine.dispose()
