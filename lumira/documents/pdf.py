"""Renders documents as PDF in the rendering processes, and keeps the last ones for a few minutes."""

import json
from datetime import datetime
from threading import Lock
from typing import Any

import structlog
from cachetools import TTLCache

from lumira.documents.pool import RenderingPool

log = structlog.get_logger()

pool = RenderingPool()
#: The documents rendered in the last minutes: a PDF viewer requests one in parts, and repeated requests must not
#: occupy a process. No longer than a visit takes, because a document names the buyer.
_rendered: TTLCache[bytes, bytes] = TTLCache(maxsize=64, ttl=300)
_cache_lock = Lock()


def render(document: dict[str, Any], *, created: datetime, template: str = "receipt") -> bytes:
    """Render the values of a file of `templates/` as PDF; the same values and date give the same bytes.

    Raises `RenderingBusy` if too many documents are being rendered, and `RenderingUnavailable`. It waits for another
    process: never call it inside a transaction.
    """
    request = json.dumps(
        {"document": document, "created": int(created.timestamp()), "template": template},
        ensure_ascii=False,
        sort_keys=True,
    ).encode("utf-8", "replace")
    with _cache_lock:
        content = _rendered.get(request)
    if content is None:
        rendering = pool.render(request)
        content = rendering.content
        with _cache_lock:
            _rendered[request] = content
        if rendering.missing_scripts:
            # The document has boxes in place of characters until a font is installed.
            log.warning("fonts_missing", scripts=rendering.missing_scripts)
    return content


def forget() -> None:
    """Forget the documents that were rendered."""
    with _cache_lock:
        _rendered.clear()
