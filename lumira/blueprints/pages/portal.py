"""`/my/<link>`: the buyer's portal. A link shows its owner's purchases, and downloads while access lasts."""

import secrets
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, request

from lumira import extensions, link_tokens, pages
from lumira.blueprints.http.streaming import Streamed, stream, stream_pdf
from lumira.blueprints.pages import errors
from lumira.blueprints.pages.link_address import address_of
from lumira.blueprints.pages.replies import form_of, notice_page, page, page_context, path_of
from lumira.documents import receipt_pdf
from lumira.errors.files import AccessEnded, FileMissing
from lumira.errors.orders import ReceiptNotFound
from lumira.pages import portal
from lumira.pages.portal import Notice, PageContext
from lumira.services.portal.open_download import Download, open_download
from lumira.services.portal.open_receipt import OpenedReceipt, open_receipt
from lumira.services.portal.renew_link import renew_link
from lumira.services.portal.view_purchases import PortalView, view_purchases

blueprint = Blueprint(
    "my", __name__, url_prefix=errors.PREFIX, static_folder=str(pages.STATIC), static_url_path="/assets"
)
errors.register_handlers(blueprint)

#: Bytes. A form has two short fields.
_FORM_LENGTH = 4096
#: No buyer has this many pages of purchases.
_LAST_PAGE = 10_000


@blueprint.get("/<token>")
def show_purchases(token: str) -> Response:
    """The purchases of the link's owner, and their downloads."""
    address = address_of(token)
    view = None if address is None else view_purchases(address, _page_number())
    if view is None or not view.is_live:
        return _closed_page(token, view)
    context = page_context(view)
    return page(portal.purchases(context, view, here=path_of(token), form=form_of(token)), context)


@blueprint.post("/<token>/renewals")
def request_link(token: str) -> Response:
    """Send a new link by e-mail. The page is the same whether or not the link has an owner."""
    http = extensions.of()
    if http.limiter.enabled:
        with http.renewal_limit:
            return _renew(token)
    return _renew(token)


def _renew(token: str) -> Response:
    request.max_content_length = _FORM_LENGTH
    address = address_of(token)
    if address is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    if not link_tokens.is_form_of(token, request.form.get("form", "")):
        view = view_purchases(address)
        if view is None:
            return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
        return notice_page(Notice.STALE_FORM, HTTPStatus.FORBIDDEN, view=view, form=form_of(token))
    tenant = renew_link(address)
    # Brand and language come from the tenant and the form: nothing depends on whether the link has an owner.
    context = PageContext.of_brand(
        tenant, locale=request.form.get("language"), nonce=secrets.token_urlsafe(16)
    )
    return page(portal.notice(context, Notice.REQUESTED), context)


@blueprint.get("/<token>/files/<uuid:file_id>")
def download(token: str, file_id: UUID) -> Response:
    """One file, if the link's owner has access to it now."""
    address = address_of(token)
    if address is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    try:
        opened = open_download(address, file_id)
        if opened is not None:
            return _send_file(opened)
    except AccessEnded:
        view = view_purchases(address)
        return notice_page(Notice.CLOSED, HTTPStatus.FORBIDDEN, view=view, back=path_of(token))
    except FileMissing:
        view = view_purchases(address)
        return notice_page(Notice.NO_FILE, HTTPStatus.NOT_FOUND, view=view, back=path_of(token))
    return _closed_page(token, view_purchases(address))


@blueprint.get("/<token>/receipts/<uuid:receipt_id>")
def download_receipt(token: str, receipt_id: UUID) -> Response:
    """One receipt or credit note of the link's owner, as a PDF."""
    address = address_of(token)
    if address is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    try:
        opened = open_receipt(address, receipt_id)
    except ReceiptNotFound:
        view = view_purchases(address)
        return notice_page(Notice.NO_FILE, HTTPStatus.NOT_FOUND, view=view, back=path_of(token))
    return _closed_page(token, view_purchases(address)) if opened is None else _send_receipt(opened)


@blueprint.get("/", defaults={"rest": ""})
@blueprint.get("/<path:rest>")
def show_nothing(rest: str) -> Response:  # noqa: ARG001 - any path
    """A notice for every other path under the prefix."""
    return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)


def _send_file(opened: Download) -> Response:
    if opened.address is not None:
        # The presigned URL opens the file without authentication: no cache may store it.
        return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": opened.address})
    return stream(
        Streamed(
            size=opened.size,
            sha256=opened.sha256,
            content_type=opened.file.content_type,
            disposition=opened.disposition,
            read=opened.read,
        )
    )


def _send_receipt(opened: OpenedReceipt) -> Response:
    content = receipt_pdf.render(opened.receipt, locale=opened.locale)
    return stream_pdf(content, disposition=opened.disposition)


def _closed_page(token: str, view: PortalView | None) -> Response:
    """The notice for a link that no longer works: expired, or unknown if it has no view."""
    if view is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    return notice_page(Notice.ENDED, HTTPStatus.GONE, view=view, form=form_of(token))


def _page_number() -> int:
    """The requested page of purchases; 1 for a missing or invalid number."""
    number = request.args.get("page", default=1, type=int)
    return number if 1 <= number <= _LAST_PAGE else 1
