"""The webhook module: posts each event inside the request and before the commit. No signature, no id, no repetition."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from lumira.sandbox.dolibarr.call import Call
from lumira.sandbox.dolibarr.errors import ApiError

#: A target that fails makes the change fail; it is the database's default.
BLOCKING = 0
_TIMEOUT_SECONDS = 30
_SUCCESS = range(200, 300)


def post_events(call: Call) -> None:
    """Post the events of a call to their targets, one after the other. Raises 500 if a blocking target fails."""
    targets = call.transaction.list("webhook")
    for code, record in call.triggers:
        for target in targets:
            if target["codes"] and code not in target["codes"]:
                continue
            if not _post(call, target, code, record) and target["type"] == BLOCKING:
                raise ApiError(500, "Error when the webhook was called", f"Webhook {target['id']} failed")


def _post(call: Call, target: dict[str, Any], code: str, record: dict[str, Any]) -> bool:
    caller = call.body.get("caller")
    context = {"caller": caller} if caller and not call.is_old else {}
    body = {"triggercode": code, "object": {**record, "context": context}}
    started_at = time.monotonic()
    status = _status(target["url"], json.dumps(body).encode())
    entry = {
        "target": target["id"],
        "triggercode": code,
        "object_id": record.get("id"),
        "status": status,
        "seconds": round(time.monotonic() - started_at, 3),
    }
    with call.installation.guard:
        call.installation.history.append(entry)
    return status in _SUCCESS


def _status(url: str, body: bytes) -> int:
    """Return the status of the reply; 0 without one."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            response.read(1024)
            return response.status
    except (OSError, http.client.HTTPException, ValueError):
        return 0
    finally:
        connection.close()
