"""HTTP as a buyer's client speaks it, to Lumira and to the sandbox: one try each; who calls decides on more."""

import threading
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.chaos.brands import Brand
from tests.chaos.installation import Installation
from tests.chaos.plan import LEVELS, Purchase

_TIMEOUT = (3, 70)
RETURN_URL = "https://shop.example/done"
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
        return self.status in (0, 409, 429) or self.status >= 500

    @property
    def summary(self) -> str:
        error = self.body.get("error")
        code = error.get("code") or error.get("type") if isinstance(error, dict) else self.body.get("code")
        return f"{self.status} {code or self.body.get('status') or self.body.get('orderNumber') or ''}"


class Shop:
    """One brand's side of the running installation."""

    def __init__(self, installation: Installation, brand: Brand) -> None:
        self._installation = installation
        self.brand = brand

    def open(self, purchase: Purchase, key: str) -> Answer:
        """Ask Lumira to open the purchase, under this idempotency key."""
        body: dict[str, Any] = {"metadata": {"chaosCall": key}}
        if purchase.email is not None:
            body |= {"customerEmail": purchase.email, "customerName": "Jeanne Moreau"}
        if purchase.product in LEVELS:
            path = "/api/stripe/create-payment-intent"
            body["level"] = LEVELS[purchase.product]
        else:
            kind = "products" if purchase.number % 2 else "payments"
            path = f"/api/{kind}/create-payment-intent"
            body["productId"] = purchase.product
        headers = {"Authorization": f"Bearer {self.brand.publishable_key}", "Idempotency-Key": key}
        return _ask("POST", f"{self._installation.url}{path}", headers, json=body)

    def order(self, number: str) -> Answer:
        """One order whole, as the brand's own system reads it."""
        headers = {"Authorization": f"Bearer {self.brand.secret_key}"}
        return _ask("GET", f"{self._installation.url}/api/orders/{number}", headers)

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
