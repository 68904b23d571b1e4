"""Replies of the dashboard: pages with their headers, redirects after an action, and the messages about it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import chain
from typing import Any, cast
from urllib.parse import quote, urlsplit

from flask import Response, flash, get_flashed_messages, request, stream_with_context
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]

from lumira.blueprints.pages.dashboard import asset_files, visit
from lumira.domain.operators import Language
from lumira.pages.dashboard.frame import Frame, Message
from lumira.pages.dashboard.rendering import render
from lumira.pages.languages import page_language

#: What the pages load: nothing of another host, and nothing that is written into a page.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: An e-mail as a page of its own: its styles are inline, and nothing else of it acts. `sandbox` counts also where it is
#: opened without the frame.
_FRAMED_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
#: A path of the dashboard: a form or a link can lead nowhere else. A browser reads `%2e` as a dot.
_OWN_PATH = re.compile(
    r"(?!.*/(?:\.|%2[eE]){1,2}(?:[/?]|\Z))/dashboard(/[A-Za-z0-9._~%@:+-]+)*/?(\?[A-Za-z0-9._~%@:+&=/-]*)?"
)

_SIGN_IN, _CONFIRM = "/dashboard/-/sign-in", "/dashboard/-/confirm"
_DONE, _FAILED = "done", "failed"


def page(
    template: str, status: HTTPStatus | int = HTTPStatus.OK, *, has_frame: bool = False, **values: Any
) -> Response:
    """A reply with a page of the dashboard. `response_headers` adds the headers of every reply, such as `no-store`.

    `has_frame`: the page shows another one of the dashboard in a frame.
    """
    found = visit.current()
    frame = Frame(
        language=language(),
        here=visit.path_here(),
        csrf_token=generate_csrf(),
        email=found.signed_in.email if found.signed_in else None,
        shop=found.shop,
        shops=found.shops,
        messages=tuple(_take_messages()),
        has_worker=found.has_worker,
    )
    reply = Response(
        render(template, frame, assets=asset_files.urls(), **values), status, mimetype="text/html"
    )
    reply.headers["Content-Security-Policy"] = f"{_POLICY}; frame-src 'self'" if has_frame else _POLICY
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    reply.headers["Content-Language"] = str(frame.language)
    reply.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # The page that an action leads back to is read from it; no other site sees an address of the dashboard.
    reply.headers["Referrer-Policy"] = "same-origin"
    return reply


def framed(html: str) -> Response:
    """A reply with an e-mail for a frame of a page of the dashboard: it is shown, and can do nothing.

    A click on one of its links would replace it by an error of the browser: no page of Lumira is shown in a frame.
    """
    still = html.replace("<head>", "<head><style>a { pointer-events: none }</style>", 1)
    reply = Response(still, mimetype="text/html")
    reply.headers["Content-Security-Policy"] = _FRAMED_POLICY
    reply.headers["X-Frame-Options"] = "SAMEORIGIN"
    reply.headers["X-Robots-Tag"] = "noindex, nofollow"
    return reply


def csv_file(parts: Iterator[str], name: str) -> Response:
    """A reply with a CSV file of the shop, sent while it is read; `name` says what is in it."""
    # An error before the first part is a page, and not the beginning of a file.
    first = next(parts)
    sent = stream_with_context(chain((first,), parts))
    file_name = f"{name}-{visit.shop().slug}-{datetime.now(UTC):%Y-%m-%d}.csv"
    return Response(
        sent,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def language() -> Language:
    """The operator's language; without one, that of the browser."""
    signed_in = visit.current().signed_in
    return page_language(request.accept_languages) if signed_in is None else signed_in.language


def redirect_to(path: str) -> Response:
    """Lead the browser to a page, also after a form: it is read again without sending the form twice."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def done(key: str, *, to: str, **values: str) -> Response:
    """Lead to a page after an action, which shows the message `page.name` of the texts."""
    flash({"key": key, "values": values}, _DONE)  # type: ignore[arg-type]
    return redirect_to(to)


def failed(key: str, *, to: str, **values: str) -> Response:
    """Lead to a page after an action that was not taken, which shows the message `page.name` of the texts."""
    flash({"key": key, "values": values}, _FAILED)  # type: ignore[arg-type]
    return redirect_to(to)


def redirect_to_sign_in() -> Response:
    """Lead to sign-in, and from there back to a page that was requested."""
    return redirect_to(f"{_SIGN_IN}?next={quote(page_before(), safe='')}")


def redirect_to_confirmation(*, is_page: bool = True) -> Response:
    """Ask for password and code, then lead back to the page that was requested, or to the one with the button."""
    return redirect_to(f"{_CONFIRM}?next={quote(page_before(is_page=is_page), safe='')}")


def page_before(*, is_page: bool = True) -> str:
    """The page that was requested; for a form, or a file to download, the page with its button."""
    if request.method == "GET" and is_page:
        return own_path(visit.path_here())
    sent_from = urlsplit(request.headers.get("Referer", ""))
    if sent_from.hostname != urlsplit(request.host_url).hostname:
        return "/dashboard"
    return own_path(f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path)


def own_path(requested: str | None) -> str:
    """A path of the dashboard, as requested; the entrance for every other text."""
    return requested if requested and _OWN_PATH.fullmatch(requested) else "/dashboard"


def _take_messages() -> list[Message]:
    flashed = cast("list[tuple[str, dict[str, Any]]]", get_flashed_messages(with_categories=True))
    return [
        Message(stored["key"], stored["values"], is_failure=category == _FAILED)
        for category, stored in flashed
    ]
