"""The encrypted credentials of all tenants, read to check the encryption keys of this process."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from lumira import encryption
from lumira.database import show_tenant
from lumira.database_failures import is_of_other_server

_SEALED = text(
    """
    SELECT t.slug, t.stripe_secret_key_sealed AS sealed FROM tenants t
    WHERE t.id = :tenant_id AND t.stripe_secret_key_sealed IS NOT NULL
    UNION ALL
    SELECT t.slug, w.sealed FROM tenants t JOIN webhook_secrets w ON w.tenant_id = t.id
    WHERE t.id = :tenant_id AND w.tenant_id = :tenant_id
    """
)


def list_tenants_with_unreadable_credentials(connection: Connection) -> list[str]:
    """The slugs of the tenants with a Stripe key or webhook secret that no configured key decrypts, sorted.

    Works on a connection of its own rather than in `atomic`, because a readiness check must not wait for the pool. The
    tenants of a server that does not respond are left out.
    """
    unreadable: set[str] = set()
    for tenant_id in connection.execute(text("SELECT lumira_list_tenants()")).scalars().all():
        try:
            with connection.begin_nested():
                show_tenant(connection, tenant_id)
                rows = connection.execute(_SEALED, {"tenant_id": tenant_id}).all()
        except DBAPIError as error:
            if not is_of_other_server(error):
                raise
            continue
        unreadable |= {row.slug for row in rows if not encryption.can_decrypt(row.sealed)}
    return sorted(unreadable)
