"""The delivery by which an installation checks its own public address: signed as Stripe's events are, but no event."""

from datetime import datetime
from typing import Any
from uuid import UUID

#: No type of Stripe's begins like this.
_TYPE = "lumira.probe"
_ID_PREFIX = "evt_lumira_probe_"
#: The reply to a delivery whose signature is wrong, as the sender of a probe recognizes it.
SIGNATURE_WRONG = "Webhook signature verification failed"


def body_of(probe_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the content of the delivery."""
    return {
        "id": f"{_ID_PREFIX}{probe_id.hex}",
        "object": "event",
        "type": _TYPE,
        "created": int(now.timestamp()),
        "data": {"object": {"object": "lumira.probe"}},
    }


def probe_id_of(event: dict[str, Any]) -> UUID | None:
    """Return the id of the probe that a verified delivery is; `None` for an event of Stripe."""
    if event["type"] != _TYPE or not event["id"].startswith(_ID_PREFIX):
        return None
    try:
        return UUID(event["id"].removeprefix(_ID_PREFIX))
    except ValueError:
        return None
