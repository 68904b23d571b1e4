"""A POST as something that can be repeated: its key, its fingerprint, and the reply that is a repetition."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from flask import Request, g

from lumira import extensions
from lumira.blueprints.http.correlation import callers_request_id
from lumira.errors import InvalidIdempotencyKey
from lumira.repositories.idempotency import Call, KeyKind, fingerprint

_PRINTABLE = re.compile(r"[ -~]{1,255}")

_View = TypeVar("_View", bound=Callable[..., Any])
_Answer_co = TypeVar("_Answer_co", covariant=True)


class Reply(Protocol[_Answer_co]):
    """What a use case answers, and whether it is the stored answer of an earlier call."""

    @property
    def value(self) -> _Answer_co: ...
    @property
    def replayed(self) -> bool: ...


class _Named(Protocol):
    """A request in somebody's name, or in nobody's."""

    @property
    def customer_email(self) -> str | None: ...


def idempotent_call(request: Request) -> Call:
    """The call that is being made; `InvalidIdempotencyKey` if its key cannot be one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _PRINTABLE.fullmatch(key):
        raise InvalidIdempotencyKey("An idempotency key is 1 to 255 printable ASCII characters.")
    kind: KeyKind | None = KeyKind.IDEMPOTENCY_KEY
    if key is None:
        key = callers_request_id()
        kind = KeyKind.REQUEST_ID if key is not None else None
    return Call(
        fingerprint=fingerprint(request.method, request.path, g.body),
        actor=g.caller.actor,
        kind=kind,
        key=key,
        request_id=g.request_id,
    )


def replying(reply: Reply[_Answer_co]) -> tuple[_Answer_co, int, dict[str, str]]:
    """What a view returns for a use case's reply: a repetition says that it is one."""
    return reply.value, 200, {"Idempotency-Replayed": "true"} if reply.replayed else {}


def limited_by_email(view: _View) -> _View:
    """Let payments be opened in one person's name only so often, whoever opens them."""

    @wraps(view)
    def limited(sale: _Named) -> Any:
        http = extensions.of()
        if sale.customer_email is not None and http.limiter.enabled:
            g.customer_digest = extensions.digest(f"{g.tenant_id}\n{sale.customer_email.lower()}")
            with http.email_limit:
                return view(sale)
        return view(sale)

    return cast(_View, limited)
