"""The door for deliveries in front of Flask and its threads: the web server's main loop asks it, and waits for nothing.

It accepts a regular delivery, has its event stored together with those that come at the same time, and replies after
the commit. Everything irregular is declined, and so is what could not be stored: a thread then runs the application,
whose route is complete without the door. Both must always give the same reply.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from flask import Flask
from werkzeug.exceptions import SecurityError
from werkzeug.wsgi import get_host

from lumira import logging
from lumira.blueprints.http import correlation
from lumira.blueprints.http.receiver_lookups import ReceiverLookups
from lumira.blueprints.http.webhook_fast_path import (
    REPLY,
    Regular,
    RegularPath,
    find_row,
    headers_of,
    regular_path,
)
from lumira.webhooks import committer, inbox
from lumira.webhooks.committer import Committer
from lumira.webhooks.inbox_session import InboxSession, open_session

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

#: Where a delivery stands in its environment while the middleware for proxies rewrites it.
_DELIVERY = "lumira.delivery"
_ACCEPTED: Iterable[bytes] = (b"accepted",)
_DECLINED: Iterable[bytes] = (b"declined",)

#: The headers and the body of a 200; `None`: the application has to reply.
Reply = tuple[Sequence[tuple[str, str]], bytes] | None


class Loop(committer.Loop, Protocol):
    """The web server's main loop, which sends replies too."""

    def send(self, replies: Sequence[tuple[object, Reply]]) -> None:
        """Send the reply to each of these tokens."""


@dataclass(slots=True)
class _Delivery:
    """A delivery whose environment is rewritten."""

    environ: "WSGIEnvironment"
    path: RegularPath
    body: bytes
    token: object
    started: float


@dataclass(slots=True)
class _Accepted:
    """A delivery whose event is being stored."""

    token: object
    regular: Regular
    request_id: str
    rule: str
    is_secure: bool
    started: float


class DeliveryDoor:
    """The door of one application; `extensions["lumira.delivery_door"]`."""

    def __init__(self, app: Flask, behind_proxies: "Callable[[WSGIApplication], WSGIApplication]") -> None:
        self._app = app
        self._take = behind_proxies(self._take_rewritten)
        self._loop: Loop | None = None
        self._committer: Committer[_Accepted] = Committer(self._open_session, self._reply)
        self._lookups: ReceiverLookups[_Delivery] = ReceiverLookups(app, self._take_waiting)
        self.advance = self._committer.advance
        self.pause = self._committer.pause

    def open(self, loop: Loop) -> None:
        """Accept deliveries from now on; all other calls come from this loop."""
        self._loop = loop
        self._committer.start(loop)

    def _open_session(self) -> InboxSession:
        with self._app.app_context():
            return open_session()

    def accept(self, environ: dict[str, Any], body: bytes, token: object) -> bool:
        """Accept a delivery, or decline it with `False`. Makes no query."""
        environ[_DELIVERY] = (body, token, time.perf_counter())
        return self._take(environ, _no_reply) is _ACCEPTED

    def _take_rewritten(self, environ: "WSGIEnvironment", _start_response: object) -> Iterable[bytes]:
        body, token, started = environ[_DELIVERY]
        path = regular_path(environ)
        if path is None:
            return _DECLINED
        delivery = _Delivery(environ, path, body, token, started)
        try:
            key = (path.slug, get_host(environ) if path.slug is None else None)
        except SecurityError:
            return _DECLINED
        if self._lookups.is_known(key):
            is_accepted = self._store(delivery)
        else:
            is_open = self._loop is not None and self._committer.is_open
            is_accepted = is_open and self._lookups.wait(cast("Loop", self._loop), key, delivery)
        return _ACCEPTED if is_accepted else _DECLINED

    def _take_waiting(self, deliveries: Sequence[_Delivery]) -> None:
        declined = [delivery.token for delivery in deliveries if not self._store(delivery)]
        if self._loop is not None and declined:
            self._loop.send([(token, None) for token in declined])

    def _store(self, delivery: _Delivery) -> bool:
        if not self._committer.has_room():
            # Declined before its body is read: a thread reads it again.
            return False
        environ, path = delivery.environ, delivery.path
        regular = find_row(self._app, environ, path.slug, delivery.body)
        if regular is None:
            return False
        sent = correlation.valid_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        accepted = _Accepted(
            delivery.token,
            regular,
            sent or correlation.new_request_id(),
            path.rule,
            environ["wsgi.url_scheme"] == "https",
            delivery.started,
        )
        return self._committer.submit(regular.row, accepted)

    def _reply(self, stored: Sequence[tuple[_Accepted, bool | None]]) -> None:
        """Send the replies first: the log and the figures can wait."""
        if self._loop is not None:
            self._loop.send([(accepted.token, _reply_of(accepted, is_new)) for accepted, is_new in stored])
        with logging.written_together():
            for accepted, is_new in stored:
                if is_new is not None:
                    _end(accepted, is_new=is_new)


def _reply_of(accepted: _Accepted, is_new: bool | None) -> Reply:
    return None if is_new is None else (headers_of(accepted.request_id, is_secure=accepted.is_secure), REPLY)


def _end(accepted: _Accepted, *, is_new: bool) -> None:
    received = inbox.count_received(accepted.regular.row, is_new=is_new)
    # In the fields of the line itself: to bind them for one line, and only here, takes longer than the line's text.
    named = {"request_id": accepted.request_id, "tenant": accepted.regular.receiver.slug}
    correlation.end_request("POST", accepted.rule, 200, accepted.started, received.as_logged() | named)


def _no_reply(*_: object) -> Any:
    raise RuntimeError("The door replies after the commit.")
