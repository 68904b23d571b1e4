"""What tests ask of Stripe's stand-in in a brand's name: misfortune, confirmation, its books."""

from typing import Any

import requests

from tests.support.factories import Brand
from tests.support.stripe_events import deliver


def _ask(brand: Brand, method: str, path: str, **options: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {brand.stripe_secret_key}"}
    reply = requests.request(method, f"{brand.sandbox_url}{path}", headers=headers, timeout=20, **options)
    answer: dict[str, Any] = reply.json()
    if reply.status_code >= 500:
        raise AssertionError(answer)
    return answer


def fail_next(
    brand: Brand, fault: str, *, path: str = "/v1/payment_intents", times: int = 1, **more: Any
) -> None:
    """Let the next POSTs under `path` go wrong."""
    queued = [{"fault": fault, "method": "POST", "path": path, "times": times, **more}]
    _ask(brand, "POST", "/sandbox/faults", json={"queued": queued})


def heal(brand: Brand) -> None:
    """Let nothing go wrong any more."""
    _ask(brand, "POST", "/sandbox/faults", json={})


def intents(brand: Brand) -> list[dict[str, Any]]:
    """Every PaymentIntent in the brand's account."""
    return list(_ask(brand, "GET", "/v1/payment_intents?limit=100")["data"])


def customers(brand: Brand) -> list[dict[str, Any]]:
    """Every customer in the brand's account."""
    return list(_ask(brand, "GET", "/v1/customers?limit=100")["data"])


def requests_made(brand: Brand, method: str, path: str) -> list[dict[str, Any]]:
    """The requests that the account has seen."""
    log = _ask(brand, "GET", "/sandbox/requests")["requests"]
    return [entry for entry in log if (entry["method"], entry["path"]) == (method, path)]


def delete(brand: Brand, path: str) -> None:
    _ask(brand, "DELETE", path)


def pay(
    brand: Brand, payment_intent_id: str, client_secret: str, method: str = "pm_card_visa"
) -> dict[str, Any]:
    """Pay as a buyer's browser does: with the publishable key and the client secret."""
    reply = requests.post(
        f"{brand.sandbox_url}/v1/payment_intents/{payment_intent_id}/confirm",
        data={
            "key": brand.stripe_publishable_key,
            "client_secret": client_secret,
            "payment_method": method,
            "return_url": "https://shop.example/done",
        },
        timeout=20,
    )
    answer: dict[str, Any] = reply.json()
    return answer


def events(brand: Brand, *types: str) -> list[dict[str, Any]]:
    """The account's events of these types, oldest first."""
    listed = _ask(brand, "GET", "/v1/events?limit=100")["data"]
    return [event for event in reversed(listed) if event["type"] in types or not types]


def checkout_sessions(brand: Brand) -> list[dict[str, Any]]:
    """Every Checkout Session in the brand's account."""
    return list(_ask(brand, "GET", "/v1/checkout/sessions?limit=100")["data"])


def pay_session(brand: Brand, session_id: str, method: str = "pm_card_visa", **form: str) -> dict[str, Any]:
    """Pay a Checkout Session as its page does: ``outcome``, ``session``, ``redirect_url`` and ``error``."""
    sent = {"payment_method": method, **form}
    return _ask(brand, "POST", f"/sandbox/checkout/sessions/{session_id}/pay", json=sent)


def expire_session(brand: Brand, session_id: str) -> dict[str, Any]:
    """Let a Checkout Session's time be over; the session as it is then."""
    return _ask(brand, "POST", f"/sandbox/checkout/sessions/{session_id}/expire", json={})


def advance(brand: Brand, seconds: float) -> None:
    """Let time pass for all that waits and all that expires in the brand's account."""
    _ask(brand, "POST", "/sandbox/advance", json={"seconds": seconds})


def bring_events(brand: Brand, *types: str) -> None:
    """Deliver what the account has to tell, all of it or these types alone, and let a worker handle it."""
    deliver(brand, *events(brand, *types))
