"""HTTP requests to Lumira and to the sandbox, without retries."""

import threading
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.chaos.brands import Brand
from tests.chaos.installation import Installation
from tests.chaos.plan import GOODS, LEVELS, PROMOTION_CODE, Purchase

_TIMEOUT = (3, 70)
RETURN_URL = "https://shop.example/done"
#: A page of the tenant, as Lumira requires; test mode accepts localhost.
_TENANT_PAGE = "http://localhost/done"
#: Errors that a retry does not change.
_FINAL = ("OUT_OF_STOCK", "NOT_REFUNDABLE", "NOT_SHIPPABLE", "NOT_RETURNABLE")
_ADDRESS = {
    "name": "Jeanne Moreau",
    "address": {"line1": "1 rue du Test", "postalCode": "75011", "city": "Paris", "country": "FR"},
}
_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; status 0: there was none."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None

    @property
    def is_retryable(self) -> bool:
        """Whether a client should retry."""
        is_final = self.code in _FINAL
        return not is_final and (self.status in (0, 409, 429) or self.status >= 500)

    @property
    def code(self) -> str | None:
        """The error code of Lumira or of Stripe."""
        error = self.body.get("error")
        return error.get("code") or error.get("type") if isinstance(error, dict) else self.body.get("code")

    @property
    def summary(self) -> str:
        names = ("outcome", "status", "orderNumber", "refundId")
        return f"{self.status} {self.code or next(filter(None, map(self.body.get, names)), '')}"


class Shop:
    """Requests of one tenant, its buyers and its bank."""

    def __init__(self, installation: Installation, brand: Brand) -> None:
        self._installation = installation
        self.brand = brand

    def open(self, purchase: Purchase, key: str) -> Response:
        """Open the purchase in Lumira with this idempotency key."""
        headers = {"Authorization": f"Bearer {self.brand.publishable_key}", "Idempotency-Key": key}
        path, body = _checkout_body(purchase) if purchase.uses_checkout else _intent_body(purchase)
        if purchase.email is not None:
            body["customerEmail"] = purchase.email
        if purchase.has_code:
            body["promotionCode"] = PROMOTION_CODE
        if purchase.postage:
            # Stripe's page asks for the rest of the address.
            body["shipping"] = {"address": {"country": "FR"}} if purchase.uses_checkout else _ADDRESS
        body["metadata"] = {"chaosCall": key}
        return _request("POST", f"{self._installation.url}{path}", headers, json=body)

    def order(self, number: str) -> Response:
        """Read an order from Lumira with the secret key."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}"}
        return _request("GET", f"{self._installation.url}/api/orders/{number}", headers)

    def refund(self, payment: str, body: dict[str, int], key: str) -> Response:
        """Request a refund from Lumira with the secret key."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}", "Idempotency-Key": key}
        return _request(
            "POST", f"{self._installation.url}/api/payments/{payment}/refunds", headers, json=body
        )

    def change_order(self, path: str, body: dict[str, Any], key: str) -> Response:
        """Record a parcel or a return of an order in Lumira with the secret key."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}", "Idempotency-Key": key}
        return _request("POST", f"{self._installation.url}/api/orders/{path}", headers, json=body)

    def pay_checkout_session(self, opened: dict[str, Any], method: str, purchase: Purchase) -> Response:
        """Submit the payment form of a Checkout Session."""
        form = {"payment_method": method}
        if purchase.email is None:
            form["email"] = f"payer-{purchase.number}@example.com"
        return self.control("POST", f"checkout/sessions/{opened['sessionId']}/pay", **form)

    def get_checkout_session(self, opened: dict[str, Any]) -> Response:
        """Read the Checkout Session from Stripe."""
        headers = {"Authorization": f"Bearer {self.brand.stripe_secret_key}"}
        url = f"{self._installation.sandbox_url}/v1/checkout/sessions/{opened['sessionId']}"
        return _request("GET", url, headers)

    def complete_authentication(self, url: str, outcome: str) -> Response:
        """Complete the authentication that Checkout redirected to."""
        return _request("POST", url, {}, data={"outcome": outcome}, allow_redirects=False)

    def confirm(self, opened: dict[str, Any], method: str, email: str | None) -> Response:
        """Confirm the PaymentIntent with the publishable key and the client secret."""
        form = {**self._client_parameters(opened), "payment_method": method, "return_url": RETURN_URL}
        if email is not None:
            form["receipt_email"] = email
        return _request("POST", f"{self._intent_url(opened)}/confirm", {}, data=form)

    def get_payment_intent(self, opened: dict[str, Any]) -> Response:
        """Read the PaymentIntent with the publishable key and the client secret."""
        return _request("GET", self._intent_url(opened), {}, params=self._client_parameters(opened))

    def authenticate(self, opened: dict[str, Any], outcome: str) -> Response:
        """Complete the authentication of a PaymentIntent."""
        url = f"{self._installation.sandbox_url}/sandbox/authenticate/{opened['paymentIntentId']}"
        form = {"client_secret": opened["clientSecret"], "outcome": outcome}
        return _request("POST", url, {}, data=form, allow_redirects=False)

    def simulate(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Simulate an action of the bank or in the Dashboard; raise `RuntimeError` if the sandbox refuses it."""
        response = self.control("POST", action, **parameters)
        if response.status != 200:
            raise RuntimeError(
                f"The sandbox refused {action} {parameters}: {response.status} {response.body}"
            )
        return response.body

    def control(self, method: str, name: str, **parameters: Any) -> Response:
        """Call the sandbox's control API."""
        headers = {"Authorization": f"Bearer {self.brand.stripe_secret_key}"}
        url = f"{self._installation.sandbox_url}/sandbox/{name}"
        return _request(method, url, headers, json=parameters if method == "POST" else None)

    def _client_parameters(self, opened: dict[str, Any]) -> dict[str, str]:
        return {"key": self.brand.stripe_publishable_key, "client_secret": opened["clientSecret"]}

    def _intent_url(self, opened: dict[str, Any]) -> str:
        return f"{self._installation.sandbox_url}/v1/payment_intents/{opened['paymentIntentId']}"


def _checkout_body(purchase: Purchase) -> tuple[str, dict[str, Any]]:
    items = [{"productId": product, "quantity": quantity} for product, quantity in purchase.items]
    urls = {"successUrl": _TENANT_PAGE, "cancelUrl": _TENANT_PAGE}
    return "/api/payments/checkout-sessions", {"items": items, **urls}


def _intent_body(purchase: Purchase) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"customerName": "Jeanne Moreau"} if purchase.email is not None else {}
    if purchase.product in LEVELS:
        return "/api/stripe/create-payment-intent", body | {"level": LEVELS[purchase.product]}
    if purchase.product in GOODS:
        body["quantity"] = purchase.goods[purchase.product]
    kind = "products" if purchase.number % 2 else "payments"
    return f"/api/{kind}/create-payment-intent", body | {"productId": purchase.product}


def _request(method: str, url: str, headers: dict[str, str], **options: Any) -> Response:
    try:
        reply = _session().request(method, url, headers=headers, timeout=_TIMEOUT, **options)
        body = reply.json() if "json" in reply.headers.get("Content-Type", "") else {}
    except (requests.RequestException, ValueError) as error:
        return Response(0, {"code": type(error).__name__})
    retry_after = reply.headers.get("Retry-After", "")
    return Response(reply.status_code, body, float(retry_after) if retry_after.isdecimal() else None)


def _session() -> requests.Session:
    if not hasattr(_thread, "session"):
        session = requests.Session()
        # The caller's proxy settings must not apply to localhost.
        session.trust_env = False
        session.mount("http://", HTTPAdapter(pool_maxsize=4, max_retries=0))
        _thread.session = session
    own: requests.Session = _thread.session
    return own
