"""`flask db …`: migrations, by Flask-Migrate, which a web process and other commands do not import."""

from functools import wraps
from typing import Any

import click
from alembic.runtime.migration import MigrationContext
from flask import current_app, g
from flask.cli import with_appcontext
from flask_migrate import Migrate  # type: ignore[import-untyped]
from flask_migrate.cli import db as of_flask_migrate  # type: ignore[import-untyped]
from sqlalchemy import create_engine, pool

from config.settings import ROOT
from lumira.cli.distribution import distribute
from lumira.database import db as database

#: The command that operators run; its help is that of Flask-Migrate, which shows no example.
of_flask_migrate.commands["upgrade"].help += "\n\nExample: flask db upgrade"


def _reporting(command: click.Command) -> None:
    """Let a command print the migration that the database is at when it has ended."""
    run = command.callback
    assert run is not None  # noqa: S101 - every command of Flask-Migrate has one

    @wraps(run)
    def run_and_report(**options: Any) -> None:
        run(**options)
        engine = create_engine(current_app.config["DATABASE_OWNER_URL"], poolclass=pool.NullPool)
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
        click.echo(f"The database is at {revision}." if revision else "The database has no migration.")

    command.callback = run_and_report


for name in ("upgrade", "downgrade"):
    _reporting(of_flask_migrate.commands[name])


of_flask_migrate.add_command(distribute)


@click.group(
    "db", help=of_flask_migrate.help, params=of_flask_migrate.params, commands=of_flask_migrate.commands
)
@with_appcontext
def db(**options: Any) -> None:
    # Alembic replaces `%(name)s` in its options, so that a `%` in the path of the checkout is doubled.
    directory = str(ROOT / "migrations").replace("%", "%%")
    Migrate().init_app(current_app, database, directory=directory)
    for name, value in options.items():
        setattr(g, name, value)
