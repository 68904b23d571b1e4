"""From HTML to PDF, with nothing fetched from anywhere."""

import logging
import threading
from typing import NoReturn

from lumira.errors import RenderingUnavailable

#: Tagged for screen readers (ISO 14289-1).
_VARIANT = "pdf/ua-1"
# Pango's font maps are shared by the threads of a process, and a document takes a tenth of a second.
# Each step of each document would be a line of the log.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
_one_at_a_time = threading.Lock()


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
        document = HTML(string=html, url_fetcher=_refuse)
        drawn: bytes = document.write_pdf(pdf_variant=_VARIANT, pdf_identifier=identifier.encode())
    return drawn


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"A document fetches nothing, and not {url[:80]!r}.")
