"""The files of a product's contents, which every buyer gets: uploaded, replaced, downloaded and removed."""

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.http.streaming import Streamed, stream
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.products.catalog import path_of
from lumira.blueprints.pages.dashboard.replies import done, failed, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors.files import FileTooLarge, InvalidFile, StorageUnavailable
from lumira.pages.dashboard.rendering import explain
from lumira.services.files.open_work_file import open_content_file
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_content import remove_content_file, upload_content

_CONTENT = "/catalog/<product_id>/contents/<key>"


@dashboard.page(_CONTENT, may=Role.VIEWER)
def download(product_id: str, key: str) -> Response:
    """The file, as buyers get it."""
    opened = open_content_file(visit.shop().tenant_id, checked_name(product_id), checked_name(key))
    return stream(
        Streamed(
            size=opened.size,
            sha256=opened.sha256,
            content_type=opened.file.content_type,
            disposition=opened.disposition,
            read=opened.read,
        )
    )


@dashboard.page(_CONTENT, may=Role.OWNER, methods=["POST"], upload=True)
def upload(product_id: str, key: str) -> Response:
    """Store a file; it replaces an earlier one."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return failed("catalog.no_image_file", to=path_of(product_id))
    new_file = Upload(file.filename, file.stream)
    tenant_id, actor = visit.shop().tenant_id, visit.operator().actor
    try:
        _, is_new = upload_content(tenant_id, product_id, checked_name(key), new_file, actor=actor)
    except (InvalidFile, FileTooLarge, StorageUnavailable) as error:
        return failed("catalog.refused", to=path_of(product_id), why=explain(error, language()))
    return done("catalog.content_uploaded" if is_new else "catalog.content_unchanged", to=path_of(product_id))


@dashboard.page(f"{_CONTENT}/remove", may=Role.OWNER, methods=["POST"])
def remove(product_id: str, key: str) -> Response:
    """Remove the file: buyers can no longer download it."""
    tenant_id, actor = visit.shop().tenant_id, visit.operator().actor
    remove_content_file(tenant_id, checked_name(product_id), checked_name(key), actor=actor)
    return done("catalog.content_removed", to=path_of(product_id))
