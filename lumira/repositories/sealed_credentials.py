"""The encrypted credentials of all tenants, read to check the encryption keys of this process."""

from sqlalchemy import Connection, text

from lumira import encryption

_SEALED = text(
    """
    SELECT t.slug, t.stripe_secret_key_sealed AS sealed FROM tenants t WHERE t.stripe_secret_key_sealed IS NOT NULL
    UNION ALL
    SELECT t.slug, w.sealed FROM tenants t JOIN webhook_secrets w ON w.tenant_id = t.id
    """
)


def list_tenants_with_unreadable_credentials(connection: Connection) -> list[str]:
    """The slugs of the tenants with a Stripe key or webhook secret that no configured key decrypts, sorted.

    Works on a connection of its own rather than in `atomic`, because a readiness check must not wait for the pool.
    """
    unreadable: set[str] = set()
    for tenant_id in connection.execute(text("SELECT lumira_list_tenants()")).scalars().all():
        connection.execute(
            text("SELECT set_config('lumira.tenant_id', :tenant_id, true)"), {"tenant_id": str(tenant_id)}
        )
        unreadable |= {
            row.slug for row in connection.execute(_SEALED) if not encryption.can_decrypt(row.sealed)
        }
    return sorted(unreadable)
