"""Replies with HTML pages: their security headers, language and brand."""

import secrets
from http import HTTPStatus

from flask import Response, request

from lumira import link_tokens
from lumira.pages import portal
from lumira.pages.languages import page_language, preferred_language
from lumira.pages.portal import Branded, Form, Notice, PageContext
from lumira.services.portal.view_purchases import PortalView


def page(
    html: str,
    context: PageContext,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    forms_lead_to: str = "",
    framed_by: str = "'none'",
    has_script: bool = False,
) -> Response:
    """A reply with a page. `response_headers` adds the headers of every reply, such as `no-store`.

    `forms_lead_to` are the origins that the reply to a form may redirect to, separated by spaces: browsers apply
    `form-action` to redirects too. `framed_by` are the origins that may show the page in a frame. `has_script` allows
    a script of Lumira's.
    """
    reply = Response(html, status, mimetype="text/html")
    form_action = f"'self' {forms_lead_to}".strip()
    script = "script-src 'self'; connect-src 'self'; " if has_script else ""
    reply.headers["Content-Security-Policy"] = (
        f"default-src 'none'; {script}style-src 'self' 'nonce-{context.nonce}'; img-src 'self' data:; "
        f"form-action {form_action}; base-uri 'none'; frame-ancestors {framed_by}"
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


def page_locale() -> str:
    """The language of a shop's page: that of the browser, French if it names none of ours."""
    return str(page_language(request.accept_languages))


def brand_context(view: Branded) -> PageContext:
    """Brand, language of the browser, and nonce for a page of a shop."""
    return PageContext.of_brand(view.tenant, locale=page_locale(), nonce=secrets.token_urlsafe(16))


def located_context(view: Branded, locale: str | None) -> PageContext:
    """Brand and nonce for a page of a shop in the language that its path or its buyer has."""
    return PageContext.of_brand(view.tenant, locale=locale, nonce=secrets.token_urlsafe(16))


def path_of(token: str) -> str:
    """The path of a link's portal page."""
    return f"/my/{token}"


def form_of(token: str) -> Form:
    """The form on a portal page that requests a new link."""
    return Form(f"{path_of(token)}/renewals", link_tokens.sign_form(token))
