"""The buyer's portal, opened with the link in the confirmation e-mail, and a download from it."""

import re
from email.message import EmailMessage
from io import BytesIO

from werkzeug.http import parse_options_header

from lumira.cli.demo.brand_client import BrandClient
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation
from lumira.cli.demo.sample_pdf import sample_pdf
from lumira.cli.tenants import tenant_id_of
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_content import upload_content

_ACTOR = "demo"
_TIMEOUT = 60
_DOWNLOAD = re.compile(r'href="(/my/[^"]+/files/[^"]+)"')


def upload_sample_content(client: BrandClient, product_id: str, key: str) -> bytes:
    """Upload a sample file as the content of a product, as `flask content upload` does; return the file."""
    file = sample_pdf(f"{client.brand.slug}: {product_id}")
    upload_content(
        tenant_id_of(client.brand.slug),
        product_id,
        key,
        Upload(f"{product_id}.pdf", BytesIO(file)),
        actor=_ACTOR,
    )
    return file


def open_portal(client: BrandClient, email: EmailMessage, order_number: str) -> tuple[str, str]:
    """Open the portal link of an e-mail; return its URL and the page's HTML.

    `DemoFailed` unless the page shows the order.
    """
    link = link_in(email, client.installation)
    if link is None:
        raise DemoFailed(f"The e-mail about {order_number} contains no link to the buyer's portal.")
    page = client.http.get(link, timeout=_TIMEOUT)
    if not page.ok or order_number not in page.text:
        raise DemoFailed(f"The buyer's portal returned {page.status_code} and does not show {order_number}.")
    return link, page.text


def link_in(email: EmailMessage, installation: Installation) -> str | None:
    """Return the portal link of an e-mail."""
    text = email.get_body(("plain",))
    link = re.search(rf"{re.escape(installation.url)}/my/\S+", "" if text is None else text.get_content())
    return None if link is None else link[0]


def download(client: BrandClient, page: str, expected: bytes) -> str:
    """Download a file that the page offers; return its name. `DemoFailed` unless its content is as expected."""
    for path in _DOWNLOAD.findall(page):
        reply = client.http.get(f"{client.installation.url}{path}", timeout=_TIMEOUT)
        if reply.ok and reply.content == expected:
            _, options = parse_options_header(reply.headers.get("Content-Disposition"))
            name: str = options.get("filename", path)
            return name
    raise DemoFailed("The buyer's portal does not offer the uploaded file.")
