"""From HTML to PDF, with nothing fetched from anywhere."""

import logging
import threading
from typing import NoReturn

from cachetools import TTLCache

from lumira.errors import RenderingUnavailable

#: Tagged for screen readers (ISO 14289-1).
_VARIANT = "pdf/ua-1"
# Pango's font maps are shared by the threads of a process, and a document takes a tenth of a second.
# Each step of each document would be a line of the log.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
_one_at_a_time = threading.Lock()
#: What was drawn a moment ago: a reader of PDF asks for a document in parts, and nobody can keep a process busy with
#: drawing one. Kept by all that stands in it, and no longer than a visit takes: it names a person.
_drawn: TTLCache[tuple[str, str], bytes] = TTLCache(maxsize=64, ttl=300)


def draw(html: str, *, identifier: str) -> bytes:
    """The PDF of a whole HTML document; the same text and identifier give the same bytes on one machine.

    `RenderingUnavailable` where the system has no Pango. Takes time: not for inside a transaction.
    """
    try:
        # Imported when the first document is drawn: it opens the system's libraries, and only this needs them.
        from weasyprint import HTML  # noqa: PLC0415
    except OSError as error:
        raise RenderingUnavailable(
            "Documents cannot be drawn: Pango is missing. On Debian and Ubuntu: "
            "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
        ) from error
    with _one_at_a_time:
        drawn: bytes | None = _drawn.get((html, identifier))
        if drawn is None:
            document = HTML(string=html, url_fetcher=_refuse)
            drawn = document.write_pdf(pdf_variant=_VARIANT, pdf_identifier=identifier.encode())
            _drawn[html, identifier] = drawn
    return drawn


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"A document fetches nothing, and not {url[:80]!r}.")
