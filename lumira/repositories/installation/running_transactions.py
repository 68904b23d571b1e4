"""Which transactions run in the database, of whichever process and tenant."""

from sqlalchemy import text

from lumira.database import db

#: Every transaction locks its virtual id, and the view shows locks to every role.
_RUNNING = text(
    """
    SELECT l.virtualtransaction FROM pg_locks AS l
    JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid()
        AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)


def list_running() -> set[str]:
    """Return the virtual ids of the other transactions; no later transaction has the same one."""
    return set(db.session.execute(_RUNNING).scalars())
