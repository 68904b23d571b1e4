"""``/v1/payment_method_domains``: the domains on which Elements show wallets such as Apple Pay."""

import re
from typing import Any

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, no_such_object
from lumira.sandbox.ids import random_id
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/payment_method_domains"
_KIND = "payment_method_domain"
_WALLETS = ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#: A host name with at least two labels: no scheme, port, path, address or wildcard.
_DOMAIN = re.compile(rf"(?!.*\.localhost$)({_LABEL}\.)+[a-z]([a-z0-9-]*[a-z0-9])?")
#: Apple refuses domains that it cannot reach: those reserved for tests and examples (RFC 2606).
_UNREACHABLE = (".example", ".invalid", ".test")


@routes.add("POST", URL, params.PaymentMethodDomainCreateParams)
def create(call: Call) -> Object:
    """Register a domain; one that is registered already is returned as it is."""
    name = call["domain_name"].lower()
    if _DOMAIN.fullmatch(name) is None:
        raise InvalidRequestError(
            f"Invalid domain name: {call['domain_name']}. The domain must be a public host name, without scheme, port "
            "and path.",
            param="domain_name",
        )
    existing = next(
        (domain for domain in call.account.list_all(_KIND) if domain["domain_name"] == name), None
    )
    if existing is not None:
        return existing
    domain = {
        "id": random_id("pmd_1", 23).replace("pmd_1_", "pmd_1"),
        "object": _KIND,
        "created": call.account.now,
        "domain_name": name,
        "enabled": True if call["enabled"] is None else call["enabled"],
        "livemode": False,
        **_statuses(name),
    }
    return call.account.add(domain)


@routes.add("GET", URL, params.PaymentMethodDomainListParams)
def list_all(call: Call) -> Object:
    """List the account's domains, newest first."""
    filters: dict[str, Any] = {"domain_name": call["domain_name"]}
    if call["enabled"] is not None:
        filters["enabled"] = int(call["enabled"])
    return list_objects(call.account, _KIND, URL, call.params, **filters)


@routes.add("GET", URL + "/<id>", params.PaymentMethodDomainRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one domain."""
    return _get(call)


@routes.add("POST", URL + "/<id>", params.PaymentMethodDomainUpdateParams)
def update(call: Call) -> Object:
    """Enable or disable a domain."""
    domain = _get(call)
    if call["enabled"] is not None:
        domain["enabled"] = call["enabled"]
    return call.account.save(domain)


@routes.add("POST", URL + "/<id>/validate", params.PaymentMethodDomainValidateParams)
def validate(call: Call) -> Object:
    """Check again whether the wallets accept the domain."""
    domain = _get(call)
    domain.update(_statuses(domain["domain_name"]))
    return call.account.save(domain)


def _statuses(name: str) -> dict[str, Any]:
    """The status of each wallet: Apple reaches the domain, or the reason why not."""
    statuses: dict[str, Any] = {wallet: {"status": "active"} for wallet in _WALLETS}
    if name.endswith(_UNREACHABLE):
        message = f"The domain {name} cannot be reached."
        statuses["apple_pay"] = {"status": "inactive", "status_details": {"error_message": message}}
    return statuses


def _get(call: Call) -> dict[str, Any]:
    domain = call.account.find(_KIND, call.path["id"])
    if domain is None:
        raise no_such_object("payment method domain", call.path["id"])
    return domain
