"""Replies with HTML pages: their security headers, language and brand."""

import secrets
from http import HTTPStatus

from flask import Response, request

from lumira import link_tokens
from lumira.pages import portal
from lumira.pages.languages import preferred_language
from lumira.pages.portal import Form, Notice, PageContext
from lumira.services.portal.view_purchases import PortalView


def page(html: str, context: PageContext, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A reply with a page. `response_headers` adds the headers of every reply, such as `no-store`."""
    reply = Response(html, status, mimetype="text/html")
    reply.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self' 'nonce-{context.nonce}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    reply.headers["Content-Language"] = str(context.language)
    reply.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return reply


def notice_page(
    kind: Notice,
    status: HTTPStatus,
    *,
    view: PortalView | None = None,
    form: Form | None = None,
    back: str | None = None,
) -> Response:
    """A reply with a notice, in the brand and language of the portal view; without one, unbranded."""
    context = page_context(view)
    return page(portal.notice(context, kind, form=form, back=back), context, status)


def page_context(view: PortalView | None) -> PageContext:
    """Brand, language and nonce for a page of this portal view."""
    accepted = preferred_language(request.accept_languages)
    return PageContext.of(view, accepted=accepted, nonce=secrets.token_urlsafe(16))


def path_of(token: str) -> str:
    """The path of a link's portal page."""
    return f"/my/{token}"


def form_of(token: str) -> Form:
    """The form on a portal page that requests a new link."""
    return Form(f"{path_of(token)}/renewals", link_tokens.sign_form(token))
