"""A POST as something that can be repeated: its key, its fingerprint, and the reply that is a repetition."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Request, g

from lumira import extensions
from lumira.blueprints.correlation import callers_request_id
from lumira.errors import InvalidIdempotencyKey
from lumira.schemas.sales import SaleRequest
from lumira.services.create_payment_intent import PaymentOpened, Reply
from lumira.services.idempotency import Call, KeyKind, fingerprint

_PRINTABLE = re.compile(r"[ -~]{1,255}")

_View = TypeVar("_View", bound=Callable[[SaleRequest], Any])


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


def replying(reply: Reply) -> tuple[PaymentOpened, int, dict[str, str]]:
    """What a view returns for a use case's reply: a repetition says that it is one."""
    return reply.value, 200, {"Idempotency-Replayed": "true"} if reply.replayed else {}


def limited_by_email(view: _View) -> _View:
    """Let payments be opened in one person's name only so often, whoever opens them."""

    @wraps(view)
    def limited(sale: SaleRequest) -> Any:
        http = extensions.of()
        if sale.customer_email is not None and http.limiter.enabled:
            g.customer_digest = extensions.digest(f"{g.tenant_id}\n{sale.customer_email.lower()}")
            with http.email_limit:
                return view(sale)
        return view(sale)

    return cast(_View, limited)
