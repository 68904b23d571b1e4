"""Upload and remove the file of a content."""

from dataclasses import dataclass

from lumira.database import atomic, retried
from lumira.domain import file_types
from lumira.errors.files import FileMissing
from lumira.models import Content, File
from lumira.repositories.audit import audit
from lumira.repositories.catalog import contents
from lumira.repositories.fulfilment import files
from lumira.services.files.store_file import StoredFile, Upload, stored_file


@dataclass(frozen=True, slots=True)
class ContentView:
    """A content and its file, if it has one."""

    content: Content
    file: File | None


def view_contents(tenant_id: int, product_ids: list[str] | None = None) -> list[ContentView]:
    """List the contents of these products, or of all, with their files."""
    with atomic(tenant_id):
        listed = contents.list_contents(tenant_id, product_ids)
        file_of = files.by_content(tenant_id, [content.id for content in listed])
        return [ContentView(content, file_of.get(content.id)) for content in listed]


def upload_content(
    tenant_id: int, product_id: str, key: str, upload: Upload, *, actor: str
) -> tuple[File, bool]:
    """Upload the file of a content, replacing the existing one; return the file and whether it changed.

    Raises `NotFound` if the catalog has no such content; `InvalidFile`, `FileTooLarge`, `StorageUnavailable`.
    """
    with atomic(tenant_id):
        # Checked before anything is stored, so that a mistyped key fails at once.
        contents.lock_content(tenant_id, product_id, key)
    with stored_file(tenant_id, upload) as stored:
        return _place(tenant_id, product_id, key, stored, actor=actor)


@retried
def _place(tenant_id: int, product_id: str, key: str, stored: StoredFile, *, actor: str) -> tuple[File, bool]:
    with atomic(tenant_id):
        content = contents.lock_content(tenant_id, product_id, key)
        file, is_new = files.place(
            tenant_id,
            stored.id,
            file_name=stored.name,
            size=stored.size,
            sha256=stored.sha256,
            content_id=content.id,
        )
        file_types.check_kind(content.kind, file.content_type)
        if is_new:
            _audit(content, "content_uploaded", actor=actor, type=file.content_type, sha256=stored.sha256)
        return file, is_new


def remove_content_file(tenant_id: int, product_id: str, key: str, *, actor: str) -> File:
    """Remove a content's file and return it. Raises `NotFound` if there is no such content, or no file."""
    with atomic(tenant_id):
        content = contents.lock_content(tenant_id, product_id, key)
        file = files.by_content(tenant_id, [content.id]).get(content.id)
        if file is None:
            raise FileMissing(f"The content {key} of {product_id} has no file.")
        files.discard(tenant_id, [file.id])
        _audit(content, "content_removed", actor=actor, sha256=file.sha256)
        return file


def _audit(content: Content, action: str, *, actor: str, **details: object) -> None:
    audit.record(
        content.tenant_id,
        actor=actor,
        action=action,
        subject=f"product:{content.product_id}",
        content=content.key,
        **details,
    )
