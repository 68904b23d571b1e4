"""Renders HTML as PDF; a document loads no external resource."""

import logging
import threading
from typing import NoReturn

from cachetools import TTLCache

from lumira.errors import RenderingUnavailable

#: Tagged for screen readers (ISO 14289-1).
_VARIANT = "pdf/ua-1"
# Each step of each document would be a line of the log.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
# Pango's font maps are shared by the threads of a process, and a document takes a tenth of a second.
_rendering_lock = threading.Lock()
#: The documents rendered in the last minutes: a PDF viewer requests one in parts, and repeated requests must not
#: occupy a process. No longer than a visit takes, because a document names the buyer.
_rendered: TTLCache[tuple[str, str], bytes] = TTLCache(maxsize=64, ttl=300)


def render(html: str, *, identifier: str) -> bytes:
    """Render an HTML document as PDF; the same text and identifier give the same bytes on one machine.

    `RenderingUnavailable` if the system has no Pango. Slow: never call it inside a transaction.
    """
    try:
        # Imported with the first document: it opens system libraries that nothing else needs.
        from weasyprint import HTML  # noqa: PLC0415
    except OSError as error:
        raise RenderingUnavailable(
            "Documents cannot be rendered: Pango is missing. On Debian and Ubuntu: "
            "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
        ) from error
    with _rendering_lock:
        content: bytes | None = _rendered.get((html, identifier))
        if content is None:
            document = HTML(string=html, url_fetcher=_refuse)
            content = document.write_pdf(pdf_variant=_VARIANT, pdf_identifier=identifier.encode())
            _rendered[html, identifier] = content
    return content


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"A document loads no external resource: {url[:80]!r} is refused.")
