"""The OpenAPI document and Swagger UI."""

import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient

from lumira.blueprints import docs
from lumira.blueprints.http.stripe_calls import MARK
from lumira.errors import LumiraError

#: The document does not describe itself.
UNDOCUMENTED = {"/api/openapi.json", "/api/docs", "/api/docs/start.js", "/api/docs/<asset>"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/api/openapi.json").json
    return content


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def shape(path: str) -> str:
    """The path without the names of its parameters, which Flask and OpenAPI write differently."""
    return re.sub(r"<[^>]*>|{[^}]*}", "*", path)


def test_the_document_lists_every_route_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    registered = {
        (method.lower(), shape(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in UNDOCUMENTED and rule.rule.startswith(("/api/", "/healthz", "/readyz"))
    }
    assert {(method, shape(path)) for method, path in operations(document)} == registered


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_every_reference_in_the_document_resolves(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '([^']+)'", str(document))):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


#: Codes of errors that only commands, pages and webhooks raise.
NOT_OF_THE_API = {
    "ACCESS_ENDED",
    "CUSTOMER_NOT_FOUND",
    "GRANT_NOT_FOUND",
    "INVALID_CATALOG",
    "NOT_GRANTABLE",
    "NOT_ERASABLE",
    "NOT_MERGEABLE",
    "MAIL_REFUSED",
    "NO_PUBLIC_URL",
    "RENDERING_UNAVAILABLE",
    "RENDERING_BUSY",
    "WEBHOOK_REJECTED",
}


def codes_below(kind: type[LumiraError]) -> set[str]:
    return {kind.code}.union(*(codes_below(subclass) for subclass in kind.__subclasses__()))


def codes_of(reply: dict[str, Any]) -> list[str]:
    """The codes of an error reply, as its schema and its description list them."""
    _, of_operation = reply["content"]["application/json"]["schema"]["allOf"]
    codes: list[str] = of_operation["properties"]["code"]["enum"]
    assert all(f"`{code}`" in reply["description"] for code in codes)
    return codes


def error_codes(operation: dict[str, Any]) -> dict[str, list[str]]:
    """The codes of an operation, by status."""
    return {
        status: codes_of(reply) for status, reply in operation["responses"].items() if "allOf" in str(reply)
    }


def test_every_error_code_is_in_the_document(document: dict[str, Any]) -> None:
    documented = {
        code
        for operation in operations(document).values()
        for codes in error_codes(operation).values()
        for code in codes
    }
    assert codes_below(LumiraError) - NOT_OF_THE_API <= documented


@pytest.mark.parametrize(
    ("operation", "status", "codes"),
    [
        (("post", "/api/payments/checkout-sessions"), "409", ["IDEMPOTENCY_IN_PROGRESS", "OUT_OF_STOCK"]),
        (("post", "/api/products/create-payment-intent"), "500", ["PAYMENT_FAILED", "INTERNAL_ERROR"]),
        (("post", "/api/products/create-payment-intent"), "404", ["PRODUCT_NOT_FOUND"]),
        (("post", "/api/stripe/create-payment-intent"), "404", ["LEVEL_NOT_FOUND"]),
        (
            ("post", "/api/payments/{paymentIntentId}/refunds"),
            "409",
            ["IDEMPOTENCY_IN_PROGRESS", "NOT_REFUNDABLE"],
        ),
        (("get", "/api/orders"), "400", ["INVALID_EMAIL", "INVALID_REQUEST"]),
        (("get", "/api/products"), "503", ["SERVICE_UNAVAILABLE"]),
        (("get", "/api/products"), "404", None),
        (("get", "/api/stripe/levels"), "409", None),
    ],
)
def test_an_operation_lists_the_codes_that_it_replies_and_no_others(
    document: dict[str, Any], operation: tuple[str, str], status: str, codes: list[str] | None
) -> None:
    assert error_codes(operations(document)[operation]).get(status) == codes


def test_generated_clients_get_names_for_people(document: dict[str, Any]) -> None:
    names = {key: operation["operationId"] for key, operation in operations(document).items()}
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names.values())
    assert names["post", "/api/payments/create-payment-intent"] == "createPaymentIntent"
    assert names["get", "/api/orders/{reference}"] == "getOrder"
    assert names["delete", "/api/payments/checkout-sessions/{sessionId}"] == "cancelCheckoutSession"


def test_an_optional_field_has_no_default_that_generators_take_for_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    fields += [
        parameter["schema"]
        for operation in operations(document).values()
        for parameter in operation.get("parameters", [])
        if "schema" in parameter
    ]
    assert not [field for field in fields if "default" in field]
    request = schemas["CreatePaymentIntentRequest"]
    assert request["required"] == ["productId"]
    assert request["properties"]["quantity"]["description"] == "Without it: 1."


def test_statuses_and_kinds_are_enumerations(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        # The `state` of an address is a region.
        fields = {} if "Address" in name else schema.get("properties", {})
        for field, declared in fields.items():
            if field in ("status", "kind", "state", "orderStatus", "reason", "locale"):
                assert declared.get("enum"), (name, field)
                # A null that is allowed must also be among the values.
                assert ("null" in declared["type"]) == (None in declared["enum"]), (name, field)


def test_the_introduction_names_the_keys_and_existing_routes(document: dict[str, Any]) -> None:
    introduction = document["info"]["description"]
    assert "lum_pk_" in introduction
    assert "lum_sk_" in introduction
    named = re.findall(r"`(GET|POST|DELETE) (/api/[^`?]*)", introduction)
    existing = {(method, shape(path)) for method, path in operations(document)}
    assert named
    assert {(method.lower(), shape(path)) for method, path in named} <= existing


def test_no_example_makes_idempotency_keys_collide(document: dict[str, Any]) -> None:
    parameter = document["components"]["parameters"]["IdempotencyKey"]
    assert "example" not in str(parameter)
    assert "random" in parameter["description"]


def test_the_document_is_the_same_on_every_request(app: Flask, client: FlaskClient) -> None:
    first = client.get("/api/openapi.json").data
    app.extensions["lumira.openapi"].pop("document")
    assert client.get("/api/openapi.json").data == first


def test_every_operation_has_its_authentication_and_errors(document: dict[str, Any]) -> None:
    names = set()
    for (method, path), operation in operations(document).items():
        names.add(operation["operationId"])
        assert operation["summary"]
        assert operation["responses"]["default"]["$ref"].endswith("DEFAULT_ERROR")
        if path in ("/healthz", "/readyz") or path.endswith("/{secret}"):
            expected: list[str] = []
        elif "webhook" in path:
            expected = ["stripeSignature"]
        elif path.startswith(("/api/orders", "/api/access", "/api/payouts")) or path.endswith("/refunds"):
            expected = ["secretKey"]
        else:
            expected = ["publishableKey", "secretKey"]
        assert [name for scheme in operation["security"] for name in scheme] == expected, (method, path)
    assert len(names) == len(operations(document))


def test_every_payment_route_has_an_idempotency_key_and_an_example(document: dict[str, Any]) -> None:
    creating = [path for path in document["paths"] if path.endswith("/create-payment-intent")]
    assert len(creating) == 3
    for path in creating:
        assert {"$ref": "#/components/parameters/IdempotencyKey"} in document["paths"][path]["parameters"]
        operation = document["paths"][path]["post"]
        assert operation["requestBody"]["content"]["application/json"]["example"]
        assert "Idempotency-Replayed" in operation["responses"]["200"]["headers"]
    assert document["components"]["parameters"]["IdempotencyKey"]["name"] == "Idempotency-Key"


def test_the_documented_error_envelope_is_the_one_that_is_sent(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    envelope = document["components"]["schemas"]["ErrorEnvelope"]
    assert list(envelope["properties"]) == ["error", "code", "message", "requestId", "fields"]
    assert set(client.get("/nope").json) == set(envelope["required"])


def test_the_page_loads_assets_of_this_server_only(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.mimetype == "text/html"
    references = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(references) == 6
    for reference in references:
        with client.get(f"/api/{reference}") as asset:
            assert asset.status_code == 200, reference
            assert len(asset.data) > 100
            assert asset.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page.text)


def test_the_pages_policy_allows_no_other_origin(client: FlaskClient) -> None:
    policy = client.get("/api/docs").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "asset",
    ["index.html", "oauth2-redirect.html", "swagger-ui.js", "LICENSE", "..%2f__init__.py", "%00", "x"],
)
def test_no_other_asset_of_the_package_is_served(client: FlaskClient, asset: str) -> None:
    assert client.get(f"/api/docs/{asset}").status_code == 404


def test_every_allowed_asset_is_in_the_installed_package() -> None:
    assert all((docs.asset_directory() / asset).is_file() for asset in docs.ASSETS)


def test_every_route_that_may_find_stripe_unavailable_is_refused_while_too_many_calls_wait(
    app: Flask, document: dict[str, Any]
) -> None:
    """Such a route would wait for Stripe without a bound if it was not marked."""
    marked = {
        (method.lower(), shape(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if hasattr(app.view_functions[rule.endpoint], MARK)
    }
    documented = {
        (method, shape(path))
        for (method, path), operation in operations(document).items()
        if "STRIPE_UNAVAILABLE" in error_codes(operation).get("503", [])
    }
    # The dashboard is no part of the document.
    of_dashboard = {(method, path) for method, path in marked if path.startswith("/dashboard/")}
    assert of_dashboard == {
        ("post", shape(f"/dashboard/<tenant>/{action}"))
        for action in (
            "customers/<customer>/erase",
            "disputes/<dispute>",
            "orders/<number>/cancel",
            "orders/<number>/poll",
            "orders/<number>/refund",
            "set-up/check",
            "set-up/stripe",
        )
    }
    assert marked - of_dashboard == documented != set()
