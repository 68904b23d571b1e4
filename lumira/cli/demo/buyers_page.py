"""The buyer's page, as whoever got the letter opens it: what it shows, and what can be downloaded there."""

import re
from email.message import EmailMessage
from io import BytesIO

from werkzeug.http import parse_options_header

from lumira.cli.demo.booklet import booklet
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.shop import Shop
from lumira.cli.tenants import tenant_id_of
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_content import upload_content

_ACTOR = "demo"
_TIMEOUT = 15
_DOWNLOAD = re.compile(r'href="(/my/[^"]+/files/[^"]+)"')


def give_file(shop: Shop, product_id: str, key: str) -> bytes:
    """Upload what every buyer of a product gets, as `flask content upload` does; the file."""
    file = booklet(f"{shop.brand.slug}: {product_id}")
    upload_content(
        tenant_id_of(shop.brand.slug),
        product_id,
        key,
        Upload(f"{product_id}.pdf", BytesIO(file)),
        actor=_ACTOR,
    )
    return file


def open_page(shop: Shop, letter: EmailMessage, order_number: str) -> tuple[str, str]:
    """Follow the link in a letter; its address, and the page, which must show the order."""
    text = letter.get_body(("plain",))
    link = re.search(
        rf"{re.escape(shop.installation.url)}/my/\S+", "" if text is None else text.get_content()
    )
    if link is None:
        raise DemoFailed(f"The letter about {order_number} holds no link to the buyer's page.")
    page = shop.http.get(link[0], timeout=_TIMEOUT)
    if not page.ok or order_number not in page.text:
        raise DemoFailed(f"The buyer's page answered {page.status_code} and does not show {order_number}.")
    return link[0], page.text


def download(shop: Shop, page: str, wanted: bytes) -> str:
    """Download what the page offers; its name. `DemoFailed` unless it is the file that was uploaded."""
    for path in _DOWNLOAD.findall(page):
        reply = shop.http.get(f"{shop.installation.url}{path}", timeout=_TIMEOUT)
        if reply.ok and reply.content == wanted:
            _, options = parse_options_header(reply.headers.get("Content-Disposition"))
            name: str = options.get("filename", path)
            return name
    raise DemoFailed("The buyer's page does not give the file that was uploaded.")
