"""The image of a product: uploaded, described and removed. It is rendered in another process."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.products.catalog import path_of
from lumira.blueprints.pages.dashboard.replies import done, failed, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.documents.image_sizes import render_sizes
from lumira.domain.operators import Role
from lumira.domain.product_images import MAX_BYTES, is_description
from lumira.errors import LumiraError
from lumira.errors.files import FileMissing
from lumira.pages.dashboard.rendering import explain
from lumira.services.catalog.change_image import describe_image, remove_image, upload_image

_IMAGE = "/catalog/<product_id>/image"


@dashboard.page(_IMAGE, may=Role.OWNER, methods=["POST"], upload=True)
def upload(product_id: str) -> Response:
    """Store an image; it replaces an earlier one, whose descriptions stay if the form has none."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return failed("catalog.no_image_file", to=path_of(product_id))
    # One byte more than is accepted, so that a file of any size fits into memory.
    content = file.stream.read(MAX_BYTES + 1)
    file.close()

    def act(tenant_id: int, actor: str, alt_fr: str | None, alt_en: str | None) -> str:
        texts = {"alt_fr": alt_fr, "alt_en": alt_en}
        upload_image(tenant_id, product_id, content, **texts, actor=actor, render=render_sizes)
        return "image_uploaded"

    return _act(product_id, act)


@dashboard.page(f"{_IMAGE}/description", may=Role.OWNER, methods=["POST"])
def describe(product_id: str) -> Response:
    """Change the descriptions of the image."""

    def act(tenant_id: int, actor: str, alt_fr: str | None, alt_en: str | None) -> str:
        describe_image(tenant_id, product_id, alt_fr=alt_fr or "", alt_en=alt_en or "", actor=actor)
        return "image_described"

    return _act(product_id, act)


@dashboard.page(f"{_IMAGE}/remove", may=Role.OWNER, methods=["POST"])
def remove(product_id: str) -> Response:
    """Remove the image."""

    def act(tenant_id: int, actor: str, *_: str | None) -> str:
        remove_image(tenant_id, product_id, actor=actor)
        return "image_removed"

    return _act(product_id, act)


def _act(product_id: str, act: Callable[[int, str, str | None, str | None], str]) -> Response:
    checked_name(product_id)
    texts = [None if text is None else text.strip() for text in map(request.form.get, ("alt_fr", "alt_en"))]
    if not all(is_description(text or "") for text in texts):
        return failed("catalog.invalid_alt", to=path_of(product_id))
    try:
        message = act(visit.shop().tenant_id, visit.operator().actor, texts[0], texts[1])
    except LumiraError as error:
        # Without the product there is no page to lead back to.
        if error.status == HTTPStatus.NOT_FOUND and not isinstance(error, FileMissing):
            raise
        return failed("catalog.refused", to=path_of(product_id), why=explain(error, language()))
    return done(f"catalog.{message}", to=path_of(product_id))
