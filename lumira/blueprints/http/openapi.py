"""The OpenAPI document, made from the code, with what flask-smorest cannot know of it."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from lumira.blueprints.http.error_catalog import REFUSALS, Refusal
from lumira.blueprints.http.idempotent_requests import IDEMPOTENCY_KEY
from lumira.extensions import Api
from lumira.schemas.base import camel_case

_KEY = {"type": "http", "scheme": "bearer"}
_SCHEMES = {
    "secretKey": _KEY | {"description": "`lum_sk_…`: everything for its tenant. Never in a web page."},
    "publishableKey": _KEY
    | {
        "description": "`lum_pk_…`: the catalog, and opening payments. May sit in a web page; "
        "on the tenant's own domain no key is needed at all."
    },
    "stripeSignature": {"type": "apiKey", "in": "header", "name": "Stripe-Signature"},
}
#: What each kind of authentication looks like in the document; any one of the entries is enough.
SECRET: list[dict[str, list[str]]] = [{"secretKey": []}]
PUBLISHABLE: list[dict[str, list[str]]] = [{"publishableKey": []}, {"secretKey": []}, {}]
SIGNED: list[dict[str, list[str]]] = [{"stripeSignature": []}]
OPEN: list[dict[str, list[str]]] = []

_HEADERS = {
    "X-Request-Id": {
        "description": "Names this call; the caller's own if it sent a sane one.",
        "schema": {"type": "string"},
    }
}
_REPLAYED = {
    "description": "`true` where this is the stored reply of an earlier call under the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_RETRY_AFTER = {
    "description": "Seconds after which it is worth trying.",
    "schema": {"type": "integer", "minimum": 0},
}
_ETAG = {"description": "What `If-None-Match` may send back.", "schema": {"type": "string"}}
#: What every call with a key may be refused with, and what a call that does something may be besides.
_OF_ALL = ("BAD_REQUEST", "UNAUTHORIZED", "NOT_FOUND", "TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE")
_OF_DOING = (
    "CONFLICT",
    "REQUEST_ENTITY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "UNPROCESSABLE_ENTITY",
    "INTERNAL_SERVER_ERROR",
    "BAD_GATEWAY",
)
#: The catalog may be kept by whoever reads it.
_CACHED = ("/api/products", "/api/products/{productId}")


def describe(api: Api) -> None:
    """Teach the document our fields, headers and authentication; before any route is registered."""
    api.ma_plugin.converter.add_attribute_function(_own_properties)
    for name, scheme in _SCHEMES.items():
        api.spec.components.security_scheme(name, scheme)
    api.spec.components.parameter(
        IDEMPOTENCY_KEY,
        "header",
        {
            "name": "Idempotency-Key",
            "description": "Makes the call safe to repeat for 72 hours: the same key gets the same reply.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
            "example": "5f0c6f4e-order-17",
        },
    )


def _own_properties(_converter: object, field: fields.Field[Any], **_options: object) -> dict[str, Any]:
    """What a field of ours says about itself in `metadata["schema"]`."""
    properties: dict[str, Any] = field.metadata.get("schema", {})
    return properties


def document(api: Api, security: Mapping[str, list[dict[str, list[str]]]]) -> dict[str, Any]:
    """The whole document; `security` says for each blueprint's name how it is authenticated."""
    content: dict[str, Any] = api.spec.to_dict()
    # The rest is filled in on a copy that is made here, and stays the same however often it is asked for.
    content["components"].setdefault("responses", {}).update(
        {name: _reply_of(refusal) for name, refusal in REFUSALS.items()}
    )
    content["paths"] = {_on_the_wire(path): item for path, item in content["paths"].items()}
    for path, item in content["paths"].items():
        for parameter in item.get("parameters", []):
            if parameter.get("in") == "path":
                parameter["name"] = camel_case(parameter["name"])
        for method in ("get", "post"):
            if method in item:
                _complete(path, method, item[method], item.get("parameters", []), security)
    # flask-smorest declares it unasked; no route of ours has its headers.
    content["components"]["schemas"].pop("PaginationMetadata", None)
    content["servers"] = [{"url": "/"}]
    return content


def _on_the_wire(path: str) -> str:
    """The path with its parameters named as everything on the wire is."""
    return re.sub(r"{(\w+)}", lambda match: f"{{{camel_case(match[1])}}}", path)


def _reply_of(refusal: Refusal) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code in refusal.codes)
    return {
        "description": f"{refusal.description} Code: {codes}.",
        "headers": _HEADERS | ({"Retry-After": _RETRY_AFTER} if refusal.is_for_later else {}),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}},
    }


def _complete(
    path: str,
    method: str,
    operation: dict[str, Any],
    parameters: list[Any],
    security: Mapping[str, list[dict[str, list[str]]]],
) -> None:
    schemes = security[operation["tags"][0]]
    operation["security"] = schemes
    words = path.replace("{", "").replace("}", "").replace("-", "_").strip("/").split("/")
    operation["operationId"] = "_".join([method, *words])
    replies = operation["responses"]
    for name in _refusals_of(method, schemes):
        replies[REFUSALS[name].status] = {"$ref": f"#/components/responses/{name}"}
    if method == "get" and path in _CACHED:
        replies["200"].setdefault("headers", {})["ETag"] = _ETAG
        replies["304"] = {"description": "Nothing has changed since.", "headers": {"ETag": _ETAG}}
    for status, reply in replies.items():
        if "$ref" not in reply:
            headers = reply.setdefault("headers", {})
            headers.update(_HEADERS)
            if status == "200" and any("IdempotencyKey" in str(parameter) for parameter in parameters):
                headers["Idempotency-Replayed"] = _REPLAYED
    operation["responses"] = dict(sorted(replies.items()))


def _refusals_of(method: str, schemes: list[dict[str, list[str]]]) -> list[str]:
    if schemes is OPEN:
        return []
    if schemes is SIGNED:
        return ["NOT_FOUND", "REQUEST_ENTITY_TOO_LARGE", "SERVICE_UNAVAILABLE"]
    refusals = [*_OF_ALL, *(["FORBIDDEN"] if schemes is SECRET else [])]
    return [*refusals, *_OF_DOING] if method == "post" else refusals
