"""Redis, which counts rate limits for all processes."""

from limits.storage import storage_from_string

from lumira.database import refuse_inside_transaction

#: Seconds to connect, and for a reply.
_TIMEOUT = 3.0


def responds(url: str) -> bool:
    """Connect and send a ping; return whether the server replied."""
    refuse_inside_transaction()
    try:
        server = storage_from_string(url, socket_connect_timeout=_TIMEOUT, socket_timeout=_TIMEOUT)
    except Exception:  # noqa: BLE001 - a cluster's client connects when it is made, and its errors have no base of their own
        return False
    return bool(server.check())
