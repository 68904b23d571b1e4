"""Files, and products with contents or deliverables."""

import io
import secrets

from sqlalchemy import select

from lumira.clients import storage
from lumira.database import atomic, db
from lumira.models import AuditEntry, ContentKind, DeliverableState, File, Order, Product
from lumira.repositories.catalog import contents
from lumira.repositories.catalog.contents import CatalogContent
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.files.change_deliverable import DeliverableChanged, change_deliverable
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import FileUploaded, upload_deliverable
from tests.support.factories import Brand, load_order
from tests.support.refunds import pay

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + b"x" * 600
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 600
MP3 = b"ID3\x03\x00" + b"\0" * 600


def upload_of(content: bytes = PDF, name: str = "lecture.pdf") -> Upload:
    return Upload(name, io.BytesIO(content))


def contain(brand: Brand, product_id: str, *keys: str, kind: ContentKind = ContentKind.PDF) -> None:
    """Add contents of one kind with these keys to the product."""
    entries = [CatalogContent(product_id, key, f"Votre {key}", kind) for key in keys]
    with atomic(brand.id):
        contents.apply(brand.id, [product_id], entries)


def promise(brand: Brand, product_id: str, *keys: str) -> None:
    """Add deliverables with these keys to the product."""
    with atomic(brand.id):
        product = db.session.get_one(Product, (brand.id, product_id))
        product.deliverables = [{"key": key, "title": f"Votre {key}"} for key in keys]


def buy(brand: Brand, product_id: str = "mystique") -> Order:
    """A paid and fulfilled order."""
    return load_order(brand, pay(brand, product_id).order_number)


def buy_promise(brand: Brand, *keys: str) -> Order:
    """A fulfilled order with these deliverables."""
    promise(brand, "mystique", *(keys or ("lecture",)))
    return buy(brand)


def call() -> Call:
    """A call with a random fingerprint."""
    return Call(fingerprint=secrets.token_hex(8), actor="test")


def upload(
    brand: Brand, order: Order, key: str = "lecture", content: bytes = PDF, name: str = "lecture.pdf"
) -> FileUploaded:
    """Upload a file to a deliverable."""
    file = upload_of(content, name)
    return upload_deliverable(brand.id, order.order_number, key, file, call=call()).value


def change(brand: Brand, order: Order, state: DeliverableState, key: str = "lecture") -> DeliverableChanged:
    return change_deliverable(brand.id, order.order_number, key, state, call=call()).value


def all_files(brand: Brand) -> list[File]:
    """Every file that has a row, oldest first."""
    with atomic(brand.id):
        return list(db.session.execute(select(File).order_by(File.id)).scalars())


def audited(brand: Brand, action: str) -> list[AuditEntry]:
    with atomic(brand.id):
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return list(db.session.execute(query).scalars())


def kept(file: File) -> bytes:
    """The stored bytes of the file."""
    return b"".join(storage.read(file.object_name))
