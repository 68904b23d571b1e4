"""The encrypted credentials of all tenants, read to check the encryption keys of this process."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from lumira import encryption
from lumira.database import showing
from lumira.database_failures import as_sqlalchemy, is_of_other_server

_SEALED = """
    SELECT t.slug, t.stripe_secret_key_sealed AS sealed FROM tenants t
    WHERE t.id = %(tenant_id)s AND t.stripe_secret_key_sealed IS NOT NULL
    UNION ALL
    SELECT t.slug, w.sealed FROM tenants t JOIN webhook_secrets w ON w.tenant_id = t.id
    WHERE t.id = %(tenant_id)s AND w.tenant_id = %(tenant_id)s
"""

#: The slug of a tenant, and one of its credentials.
_Sealed = tuple[str, bytes]


def list_tenants_with_unreadable_credentials(connection: Connection) -> list[str]:
    """The slugs of the tenants with a Stripe key or webhook secret that no configured key decrypts, sorted.

    Works on a connection of its own rather than in `atomic`, because a readiness check must not wait for the pool. The
    tenants of a server that does not respond are left out.
    """
    tenants = connection.execute(text("SELECT lumira_list_tenants()")).scalars().all()
    return sorted({slug for slug, sealed in _read(connection, tenants) if not encryption.can_decrypt(sealed)})


def _read(connection: Connection, tenants: Sequence[int]) -> Iterator[_Sealed]:
    """Read the credentials of all tenants together, and of each alone if a server does not respond."""
    try:
        yield from _read_together(connection, tenants)
    except DBAPIError as error:
        if not is_of_other_server(error):
            raise
        if len(tenants) > 1:
            for tenant in tenants:
                yield from _read(connection, [tenant])


def _read_together(connection: Connection, tenants: Sequence[int]) -> list[_Sealed]:
    """Send the statements without waiting for each reply: a probe has seconds, and an installation many tenants."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with connection.begin_nested():
        try:
            with driver.pipeline():
                replies = []
                for tenant in tenants:
                    driver.execute(showing(tenant))
                    replies.append(driver.execute(_SEALED, {"tenant_id": tenant}))
                return [row for reply in replies for row in reply.fetchall()]
        except psycopg.Error as error:
            raise as_sqlalchemy(error, connection.engine, is_lost=bool(driver.closed)) from error
