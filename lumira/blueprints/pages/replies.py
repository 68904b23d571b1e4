"""Replies that are pages: their policy, their language, and that nobody keeps, frames or finds them."""

import secrets
from http import HTTPStatus

from flask import Response, request

from lumira import link_tokens
from lumira.pages import portal
from lumira.pages.languages import preferred_language
from lumira.pages.portal import Form, Notice, PageContext
from lumira.services.portal.view_purchases import PortalView


def answer(html: str, sheet: PageContext, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A page as a reply; what every reply says (no-store, no-referrer, nosniff) comes with it."""
    reply = Response(html, status, mimetype="text/html")
    reply.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self' 'nonce-{sheet.nonce}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    reply.headers["Content-Language"] = str(sheet.language)
    reply.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return reply


def note(
    kind: Notice,
    status: HTTPStatus,
    *,
    visit: PortalView | None = None,
    form: Form | None = None,
    back: str | None = None,
) -> Response:
    """A plain page: in the visitor's brand and language, or where those are not known, in nobody's."""
    sheet = sheet_of(visit)
    return answer(portal.notice(sheet, kind, form=form, back=back), sheet, status)


def sheet_of(visit: PortalView | None) -> PageContext:
    """What the page of this visitor is drawn on."""
    accepted = preferred_language(request.accept_languages)
    return PageContext.of(visit, accepted=accepted, nonce=secrets.token_urlsafe(16))


def path_of(token: str) -> str:
    """Where the page of a link is."""
    return f"/my/{token}"


def form_of(token: str) -> Form:
    """The button on that page which asks for a new link."""
    return Form(f"{path_of(token)}/renewals", link_tokens.sign_form(token))
