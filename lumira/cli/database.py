"""Messages for an operator when the database is unavailable or not prepared."""

from sqlalchemy.exc import DBAPIError, OperationalError

from lumira.database_failures import INSUFFICIENT_PRIVILEGE, NOT_MIGRATED, READ_ONLY, sqlstate_of
from lumira.database_sessions import APPLICATION_ROLE


def explain(error: DBAPIError) -> str | None:
    """Return what to do in one line; `None` for an error that an operator cannot correct."""
    text = str(error.orig).strip()
    reason = " ".join(text.splitlines()[0].split()) if text else "no reason given"
    if f'role "{APPLICATION_ROLE}" does not exist' in text:
        return "The database is not prepared: run `flask db upgrade`."
    if f'permission denied to set role "{APPLICATION_ROLE}"' in text:
        return (
            f"The database user is not a member of {APPLICATION_ROLE}: "
            f"run `GRANT {APPLICATION_ROLE} TO <user>` as the database's owner."
        )
    sqlstate = sqlstate_of(error)
    if sqlstate in NOT_MIGRATED:
        return f"The database is not up to date: run `flask db upgrade` ({reason})."
    if sqlstate == READ_ONLY:
        return (
            f"The database is read-only ({reason}); nothing was changed. "
            "Make its disk or its primary server available, then repeat the command."
        )
    if sqlstate == INSUFFICIENT_PRIVILEGE:
        return (
            f"The database user lacks a privilege ({reason}); nothing was changed. "
            "Migrations need the owner's login in DATABASE_OWNER_URL; if another command needs more, restore the "
            "privileges of the database as its owner."
        )
    if isinstance(error, OperationalError):
        return f"The database cannot be used: {reason}"
    return None
