"""Check that the encryption keys of this process decrypt the stored Stripe credentials."""

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from config.settings import SettingsError
from lumira.database import db
from lumira.repositories.tenants.sealed_credentials import list_tenants_with_unreadable_credentials


def describe_wrong_encryption_keys(connection: Connection) -> str | None:
    """Return what is wrong in one line that names setting and tenants; `None` if every credential is readable."""
    slugs = list_tenants_with_unreadable_credentials(connection)
    if not slugs:
        return None
    return (
        f"LUMIRA_ENCRYPTION_KEYS does not decrypt the Stripe credentials of {', '.join(slugs)}: add the key that "
        "encrypted them, or enter them again with `flask tenants stripe`."
    )


def check_encryption_keys() -> None:
    """Raise `SettingsError` if a stored credential is unreadable. An unreachable database proves nothing."""
    try:
        with db.engine.connect() as connection:
            reason = describe_wrong_encryption_keys(connection)
    except OperationalError:
        # The process may start first and wait for its database.
        return
    if reason is not None:
        raise SettingsError(reason)
