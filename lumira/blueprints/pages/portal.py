"""The buyer's page: whoever holds a link sees what was bought, and downloads it while access lasts."""

import hashlib
import secrets
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, request

from lumira import extensions, link_tokens, pages, tenancy
from lumira.blueprints.http.streaming import Streamed, stream
from lumira.blueprints.pages import errors
from lumira.blueprints.pages.replies import answer, form_of, note, path_of, sheet_of
from lumira.documents import receipt_pdf
from lumira.errors import AccessEnded, FileMissing, ReceiptNotFound
from lumira.link_tokens import LinkAddress
from lumira.pages import portal
from lumira.pages.portal import Notice, PageContext
from lumira.services.files.hand_out_file import disposition_of, pieces_of
from lumira.services.portal.open_download import Download, open_download
from lumira.services.portal.open_receipt import OpenedReceipt, open_receipt
from lumira.services.portal.renew_link import renew_link
from lumira.services.portal.view_purchases import PortalView, view_purchases

blueprint = Blueprint(
    "my", __name__, url_prefix=errors.PREFIX, static_folder=str(pages.STATIC), static_url_path="/assets"
)
errors.answer_with_pages(blueprint)

#: Bytes. A form holds two short fields.
_FORM_LENGTH = 4096
#: More pages than anybody has purchases for.
_LAST_PAGE = 10_000


@blueprint.get("/<token>")
def show_purchases(token: str) -> Response:
    """What was bought, and what can be downloaded."""
    address = _address(token)
    visit = None if address is None else view_purchases(address, _page())
    if visit is None or not visit.is_live:
        return _closed(token, visit)
    sheet = sheet_of(visit)
    return answer(portal.purchases(sheet, visit, here=path_of(token), form=form_of(token)), sheet)


@blueprint.post("/<token>/renewals")
def ask_for_link(token: str) -> Response:
    """A new link by e-mail; the answer is the same whether or not anybody is there to get it."""
    http = extensions.of()
    if http.limiter.enabled:
        with http.renewal_limit:
            return _renew(token)
    return _renew(token)


def _renew(token: str) -> Response:
    request.max_content_length = _FORM_LENGTH
    address = _address(token)
    if address is None:
        return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    if not link_tokens.is_form_of(token, request.form.get("form", "")):
        visit = view_purchases(address)
        if visit is None:
            return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
        return note(Notice.STALE_FORM, HTTPStatus.FORBIDDEN, visit=visit, form=form_of(token))
    tenant = renew_link(address)
    # Brand and language are those of the page that asked, and nothing here depends on who is there.
    sheet = PageContext.of_brand(tenant, locale=request.form.get("language"), nonce=secrets.token_urlsafe(16))
    return answer(portal.notice(sheet, Notice.REQUESTED), sheet)


@blueprint.get("/<token>/files/<uuid:file_id>")
def download(token: str, file_id: UUID) -> Response:
    """One file, if it is the buyer's at this moment."""
    address = _address(token)
    if address is None:
        return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    try:
        found = open_download(address, file_id)
        if found is not None:
            return _hand_out(found)
    except AccessEnded:
        visit = view_purchases(address)
        return note(Notice.CLOSED, HTTPStatus.FORBIDDEN, visit=visit, back=path_of(token))
    except FileMissing:
        visit = view_purchases(address)
        return note(Notice.NO_FILE, HTTPStatus.NOT_FOUND, visit=visit, back=path_of(token))
    return _closed(token, view_purchases(address))


@blueprint.get("/<token>/receipts/<uuid:receipt_id>")
def download_receipt(token: str, receipt_id: UUID) -> Response:
    """One receipt or credit note of the buyer's, drawn now."""
    address = _address(token)
    if address is None:
        return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    try:
        found = open_receipt(address, receipt_id)
    except ReceiptNotFound:
        visit = view_purchases(address)
        return note(Notice.NO_FILE, HTTPStatus.NOT_FOUND, visit=visit, back=path_of(token))
    return _closed(token, view_purchases(address)) if found is None else _draw(found)


@blueprint.get("/", defaults={"rest": ""})
@blueprint.get("/<path:rest>")
def show_nothing(rest: str) -> Response:  # noqa: ARG001 - whatever it is
    """A plain page at every other address below."""
    return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)


def _hand_out(found: Download) -> Response:
    if found.address is not None:
        # The address opens the file for whoever has it: it is sent once, and kept by no cache.
        return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": found.address})
    return stream(
        Streamed(
            size=found.size,
            sha256=found.sha256,
            content_type=found.file.content_type,
            disposition=disposition_of(found.file.file_name),
            read=lambda first, last: pieces_of(found.file, start=first, end=last),
        )
    )


def _draw(found: OpenedReceipt) -> Response:
    content = receipt_pdf.render(found.receipt, locale=found.locale)
    return stream(
        Streamed(
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_type="application/pdf",
            disposition=disposition_of(found.receipt.file_name),
            read=lambda first, last: iter((content[first : last + 1],)),
        )
    )


def _closed(token: str, visit: PortalView | None) -> Response:
    """What is said where a link opens nothing: to whoever held it, or to nobody."""
    if visit is None:
        return note(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    return note(Notice.ENDED, HTTPStatus.GONE, visit=visit, form=form_of(token))


def _page() -> int:
    """Which page of the purchases is asked for; the first one where that makes no sense."""
    asked = request.args.get("page", default=1, type=int)
    return asked if 1 <= asked <= _LAST_PAGE else 1


def _address(token: str) -> LinkAddress | None:
    """The link that is meant; none on the domain of a brand that it does not belong to."""
    address = link_tokens.read(token)
    if address is None:
        return None
    host = tenancy.find_by_domain(tenancy.host_name(request.host))
    return address if host is None or host.tenant_id == address.tenant_id else None
