"""HTTP as a buyer's client speaks it, to Lumira and to the sandbox: one try each; who calls decides on more."""

import threading
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.chaos.brands import Brand
from tests.chaos.installation import Installation
from tests.chaos.plan import GOODS, LEVELS, Purchase

_TIMEOUT = (3, 70)
RETURN_URL = "https://shop.example/done"
#: A page of the tenant's own, as Lumira wants it; under test keys one's own machine is one.
_OWN_PAGE = "http://localhost/done"
#: Refusals that stay: asking again is of no use.
_FINAL = ("OUT_OF_STOCK", "NOT_REFUNDABLE")
_own = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 0 means that there was none."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None

    @property
    def is_passing(self) -> bool:
        """Whether asking again is the right thing to do."""
        is_final = self.code in _FINAL
        return not is_final and (self.status in (0, 409, 429) or self.status >= 500)

    @property
    def code(self) -> str | None:
        """Why it was refused, in Lumira's word or in Stripe's."""
        error = self.body.get("error")
        return error.get("code") or error.get("type") if isinstance(error, dict) else self.body.get("code")

    @property
    def summary(self) -> str:
        names = ("outcome", "status", "orderNumber", "refundId")
        return f"{self.status} {self.code or next(filter(None, map(self.body.get, names)), '')}"


class Shop:
    """One brand's side of the running installation."""

    def __init__(self, installation: Installation, brand: Brand) -> None:
        self._installation = installation
        self.brand = brand

    def open(self, purchase: Purchase, key: str) -> Answer:
        """Ask Lumira to open the purchase, under this idempotency key."""
        headers = {"Authorization": f"Bearer {self.brand.publishable_key}", "Idempotency-Key": key}
        path, body = _cart(purchase) if purchase.on_page else _sale(purchase)
        if purchase.email is not None:
            body["customerEmail"] = purchase.email
        body["metadata"] = {"chaosCall": key}
        return _ask("POST", f"{self._installation.url}{path}", headers, json=body)

    def order(self, number: str) -> Answer:
        """One order whole, as the brand's own system reads it."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}"}
        return _ask("GET", f"{self._installation.url}/api/orders/{number}", headers)

    def refund(self, payment: str, body: dict[str, int], key: str) -> Answer:
        """Ask Lumira to send money back, as the brand's own system does."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}", "Idempotency-Key": key}
        return _ask("POST", f"{self._installation.url}/api/payments/{payment}/refunds", headers, json=body)

    def pay_page(self, opened: dict[str, Any], method: str, purchase: Purchase) -> Answer:
        """Fill in the form of Stripe's page, and send it."""
        form = {"payment_method": method}
        if purchase.email is None:
            form["email"] = f"payer-{purchase.number}@example.com"
        return self.control("POST", f"checkout/sessions/{opened['sessionId']}/pay", **form)

    def look_at_page(self, opened: dict[str, Any]) -> Answer:
        """The Checkout Session as it is now."""
        headers = {"Authorization": f"Bearer {self.brand.stripe_secret_key}"}
        url = f"{self._installation.sandbox_url}/v1/checkout/sessions/{opened['sessionId']}"
        return _ask("GET", url, headers)

    def answer_bank(self, url: str, outcome: str) -> Answer:
        """Answer the question to which Stripe's page has led."""
        return _ask("POST", url, {}, data={"outcome": outcome}, allow_redirects=False)

    def confirm(self, opened: dict[str, Any], method: str) -> Answer:
        """Pay as the buyer's page does: with the publishable key and the client secret."""
        form = {**self._as_page(opened), "payment_method": method, "return_url": RETURN_URL}
        return _ask("POST", f"{self._intent_url(opened)}/confirm", {}, data=form)

    def look(self, opened: dict[str, Any]) -> Answer:
        """The PaymentIntent as the buyer's page sees it."""
        return _ask("GET", self._intent_url(opened), {}, params=self._as_page(opened))

    def authenticate(self, opened: dict[str, Any], outcome: str) -> Answer:
        """Answer the bank's question."""
        url = f"{self._installation.sandbox_url}/sandbox/authenticate/{opened['paymentIntentId']}"
        form = {"client_secret": opened["clientSecret"], "outcome": outcome}
        return _ask("POST", url, {}, data=form, allow_redirects=False)

    def let_happen(self, name: str, **sent: Any) -> dict[str, Any]:
        """What the bank or somebody in the Dashboard does; a refusal is a mistake of the plan."""
        answer = self.control("POST", name, **sent)
        if answer.status != 200:
            raise RuntimeError(f"The sandbox refused {name} {sent}: {answer.status} {answer.body}")
        return answer.body

    def control(self, method: str, name: str, **sent: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.brand.stripe_secret_key}"}
        url = f"{self._installation.sandbox_url}/sandbox/{name}"
        return _ask(method, url, headers, json=sent if method == "POST" else None)

    def _as_page(self, opened: dict[str, Any]) -> dict[str, str]:
        return {"key": self.brand.stripe_publishable_key, "client_secret": opened["clientSecret"]}

    def _intent_url(self, opened: dict[str, Any]) -> str:
        return f"{self._installation.sandbox_url}/v1/payment_intents/{opened['paymentIntentId']}"


def _cart(purchase: Purchase) -> tuple[str, dict[str, Any]]:
    items = [{"productId": product, "quantity": quantity} for product, quantity in purchase.items]
    pages = {"successUrl": _OWN_PAGE, "cancelUrl": _OWN_PAGE}
    return "/api/payments/checkout-sessions", {"items": items, **pages}


def _sale(purchase: Purchase) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"customerName": "Jeanne Moreau"} if purchase.email is not None else {}
    if purchase.product in LEVELS:
        return "/api/stripe/create-payment-intent", body | {"level": LEVELS[purchase.product]}
    if purchase.product in GOODS:
        body["quantity"] = purchase.goods[purchase.product]
    kind = "products" if purchase.number % 2 else "payments"
    return f"/api/{kind}/create-payment-intent", body | {"productId": purchase.product}


def _ask(method: str, url: str, headers: dict[str, str], **options: Any) -> Answer:
    try:
        reply = _session().request(method, url, headers=headers, timeout=_TIMEOUT, **options)
        body = reply.json() if "json" in reply.headers.get("Content-Type", "") else {}
    except (requests.RequestException, ValueError) as error:
        return Answer(0, {"code": type(error).__name__})
    asked = reply.headers.get("Retry-After", "")
    return Answer(reply.status_code, body, float(asked) if asked.isdecimal() else None)


def _session() -> requests.Session:
    if not hasattr(_own, "session"):
        session = requests.Session()
        # A proxy of the caller's would be asked for our own machine.
        session.trust_env = False
        session.mount("http://", HTTPAdapter(pool_maxsize=4, max_retries=0))
        _own.session = session
    found: requests.Session = _own.session
    return found
