"""What `flask db …` checks and sets on the database besides its tables: encoding, concurrency, who may connect."""

import time

import click
from sqlalchemy import Connection, text

#: Any number that other programs on the server do not use.
_MIGRATION_LOCK = 7_586_472
#: Seconds between two looks at it.
_PAUSE = 0.2

_CONNECT = text(
    """
    SELECT d.datname AS name,
        pg_has_role(current_user, d.datdba, 'USAGE') AS is_owner,
        EXISTS (
            SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS granted
            WHERE granted.grantee = 0 AND granted.privilege_type = 'CONNECT'
        ) AS is_public,
        EXISTS (SELECT FROM pg_roles WHERE rolname = :login) AS has_login
    FROM pg_database d WHERE d.datname = current_database()
    """
)


def refuse_other_encodings(connection: Connection) -> None:
    """End the command with one line if the database is not UTF-8: names of buyers could not be stored."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    connection.commit()
    if encoding != "UTF8":
        raise click.ClickException(
            f"The database has the encoding {encoding}: create it again with ENCODING 'UTF8' TEMPLATE template0."
        )


def wait_for_other_migrations(connection: Connection) -> None:
    """Wait until no other process migrates this database; the lock ends with the connection.

    Asks again instead of waiting inside a transaction: its snapshot would hold up the other process, which builds an
    index concurrently.
    """
    while not connection.execute(
        text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _MIGRATION_LOCK}
    ).scalar_one():
        connection.commit()
        time.sleep(_PAUSE)
    connection.commit()


def restrict_connections(connection: Connection, login: str | None) -> None:
    """Let only the owner and those with a grant of their own connect; `login` gets one.

    Every installation on the server shares the role `lumira_app`: by PostgreSQL's default, which lets every login
    connect to every database, the login of one installation could read the data of another.
    """
    database = connection.execute(_CONNECT, {"login": login}).one()
    quote = connection.dialect.identifier_preparer.quote
    grant = (
        f"GRANT CONNECT ON DATABASE {quote(database.name)} TO {quote(login)}"
        if login and database.has_login
        else ""
    )
    revoke = f"REVOKE CONNECT ON DATABASE {quote(database.name)} FROM PUBLIC"
    if database.is_owner:
        for statement in filter(None, (grant, revoke)):
            connection.execute(text(statement))
    elif database.is_public:
        statements = "; ".join(filter(None, (grant, revoke)))
        click.echo(
            f"Every login of the server can connect to this database. Run as its owner: {statements}",
            err=True,
        )
    connection.commit()
