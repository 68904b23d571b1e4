"""Idempotent requests: the key and fingerprint of a POST, and the header of a replayed reply."""

import re
from typing import TypeVar

from flask import Request, g

from lumira import extensions
from lumira.blueprints.http.correlation import callers_request_id
from lumira.card_numbers import contains_card_number
from lumira.errors import InvalidIdempotencyKey
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource, fingerprint
from lumira.services.idempotency.reply import Reply

#: The name of the `Idempotency-Key` parameter among the components of the OpenAPI document.
IDEMPOTENCY_KEY = "IdempotencyKey"
_PRINTABLE = re.compile(r"[ -~]{1,255}")

_T = TypeVar("_T")


def idempotent_call(request: Request) -> Call:
    """The call that this request makes; `InvalidIdempotencyKey` if the key has the wrong form."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _PRINTABLE.fullmatch(key):
        raise InvalidIdempotencyKey("An idempotency key is 1 to 255 printable ASCII characters.")
    if key is not None and contains_card_number(key):
        raise InvalidIdempotencyKey("An idempotency key must not contain a card number.")
    source: KeySource | None = KeySource.IDEMPOTENCY_KEY
    if key is None:
        key = callers_request_id()
        source = KeySource.REQUEST_ID if key is not None else None
    return _call(fingerprint(request.method, request.path, g.get("body")), key, source)


def call_of_form(form_key: str) -> Call:
    """The call that a form makes, which is the same for the same key."""
    return _call(fingerprint("POST", "/checkout", form_key), form_key, KeySource.IDEMPOTENCY_KEY)


def _call(call_fingerprint: str, key: str | None, source: KeySource | None) -> Call:
    return Call(
        fingerprint=call_fingerprint,
        actor=g.caller.actor,
        source=source,
        key=key,
        request_id=g.request_id,
        public_network=extensions.callers_network() if g.caller.is_public else None,
        former_networks=extensions.callers_former_networks() if g.caller.is_public else (),
        forwarded=extensions.untrusted_forwarding() if g.caller.is_public else None,
    )


def replying(reply: Reply[_T]) -> tuple[_T, int, dict[str, str]]:
    """What a view returns for a use case's reply: its value, and the header of a replayed one."""
    return reply.value, 200, {"Idempotency-Replayed": "true"} if reply.replayed else {}
