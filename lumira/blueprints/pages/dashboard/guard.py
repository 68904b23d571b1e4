"""Runs before every view of the dashboard: who sent the request, may they, and did a page of ours send the form."""

from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, current_app, g, request, session
from flask_wtf import CSRFProtect  # type: ignore[import-untyped]
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]

from config.settings import Settings
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.cookies import FormSessions
from lumira.blueprints.pages.dashboard.errors import notice, reply_to_frozen_shop
from lumira.blueprints.pages.dashboard.replies import (
    redirect_to,
    redirect_to_confirmation,
    redirect_to_sign_in,
)
from lumira.blueprints.pages.dashboard.routing import Access, Audience, dashboard
from lumira.blueprints.pages.dashboard.visit import Visit
from lumira.card_numbers import contains_card_number
from lumira.clock import utc_now
from lumira.services.files.store_file import max_upload_bytes

#: Bytes. A form of the dashboard has some fields of text.
_FORM_LENGTH = 64 * 1024
#: The entry of Flask's session that binds forms to the operator's session.
_BOUND = "bound"

_csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Give the application what the dashboard's forms need; no form of another page is checked."""
    app.session_interface = FormSessions()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # A form is valid as long as the session: an operator may leave a page open over lunch.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # Checked below, by what browsers send even if a user suppresses the referrer.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    # Flask-WTF passes it on to what signs; the last key signs, and forms that a former one signed are accepted.
    app.config["WTF_CSRF_SECRET_KEY"] = [*app.config["SECRET_KEY_FALLBACKS"], app.config["SECRET_KEY"]]
    _csrf.init_app(app)
    visit.init_app(app)


@dashboard.url_value_preprocessor
def take_slug(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """Keep the shop of the path for the guard: views take it from the visit."""
    g.dashboard_slug = None if values is None else values.pop("tenant", None)


@dashboard.before_request
def check() -> Response | None:
    """Refuse the request, lead it elsewhere, or let it through."""
    access = dashboard.access.get(request.endpoint or "")
    if access is None:
        abort(HTTPStatus.NOT_FOUND)
    elsewhere = _lead_to_public_url()
    if elsewhere is not None:
        return elsewhere
    if access.audience is Audience.CACHES:
        return None
    begun = visit.begin(g.dashboard_slug)
    bind_forms("" if begun.signed_in is None else str(begun.signed_in.session_id))
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        _limit_form(access, begun)
        _check_form()
        return _check_access(access, begun) or _refuse_change(access, begun) or _refuse_card_numbers()
    return _check_access(access, begun)


def _limit_form(access: Access, begun: Visit) -> None:
    """Limit the form: a file or long texts are read only from an operator who may send them."""
    is_permitted = begun.shop is not None and access.permits(begun.shop.role)
    texts = access.text_length if is_permitted else 0
    request.max_content_length = _FORM_LENGTH + texts
    if access.has_upload and is_permitted:
        request.max_content_length += max_upload_bytes()
    if texts:
        # Flask's own limit of the fields is lower.
        request.max_form_memory_size = request.max_content_length


def bind_forms(session_id: str) -> None:
    """Bind the forms to a session: those of pages that were opened before it began or after it ended are refused."""
    if session.get(_BOUND, "") != session_id:
        session.clear()
        session[_BOUND] = session_id


def _check_form() -> None:
    """Refuse a form that no page of the dashboard has sent; raises `CSRFError`."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    # A proxy may have removed the port from `Host`, so the names alone are compared.
    origin = request.headers.get("Origin", request.host_url)
    if site != "same-origin" or urlsplit(origin).hostname != urlsplit(request.host_url).hostname:
        raise CSRFError("The form was sent by another site.")
    _csrf.protect()


def _refuse_change(access: Access, begun: Visit) -> Response | None:
    """Refuse a form of a frozen shop before its view runs: some call Stripe or a CRM before they store anything."""
    is_frozen = begun.shop is not None and begun.shop.is_frozen
    return reply_to_frozen_shop() if is_frozen and not access.is_reading else None


def _refuse_card_numbers() -> Response | None:
    """Refuse a form with a card number, which a buyer may have written in an e-mail: no field needs one."""
    if any(contains_card_number(text) for text in request.form.values()):
        return notice("card_number", HTTPStatus.BAD_REQUEST)
    return None


def _check_access(access: Access, begun: Visit) -> Response | None:
    if access.audience is Audience.EVERYONE:
        return None
    if begun.signed_in is None:
        return redirect_to_sign_in()
    if access.audience is Audience.TEAM:
        # Another tenant's shop looks like one that does not exist.
        if begun.shop is None or access.may is None:
            abort(HTTPStatus.NOT_FOUND)
        structlog.contextvars.bind_contextvars(tenant=begun.shop.slug)
        if not access.permits(begun.shop.role):
            abort(HTTPStatus.FORBIDDEN)
    structlog.contextvars.bind_contextvars(operator_id=str(begun.signed_in.operator_id))
    if access.is_recent and not begun.signed_in.is_recent(utc_now()):
        return redirect_to_confirmation(is_page=not access.is_download)
    return None


def _lead_to_public_url() -> Response | None:
    """Let the dashboard be seen under one address: not under a shop's domain, where other pages may be served."""
    settings: Settings = current_app.extensions["lumira"]
    public = urlsplit(settings.public_url or "").netloc
    if public in ("", request.host) or settings.is_development:
        return None
    if request.method != "GET":
        abort(HTTPStatus.NOT_FOUND)
    return redirect_to(f"{settings.public_url}{visit.path_here()}")
