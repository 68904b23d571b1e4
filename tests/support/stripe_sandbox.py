"""Calls to Stripe's stand-in as one brand's account: faults, payments, events and objects."""

from typing import Any

import requests

from tests.support.factories import Brand
from tests.support.stripe_events import deliver


def call(brand: Brand, method: str, path: str, **options: Any) -> dict[str, Any]:
    """Call the sandbox with the brand's secret key; return the JSON response, also of a 4xx error."""
    headers = {"Authorization": f"Bearer {brand.stripe_secret_key}"}
    reply = requests.request(method, f"{brand.sandbox_url}{path}", headers=headers, timeout=20, **options)
    response: dict[str, Any] = reply.json()
    if reply.status_code >= 500:
        raise AssertionError(response)
    return response


def fail_next(
    brand: Brand, fault: str, *, path: str = "/v1/payment_intents", times: int = 1, **more: Any
) -> None:
    """Inject a fault into the next `times` requests under `path`, POSTs unless `method` is set."""
    queued = [{"fault": fault, "method": "POST", "path": path, "times": times, **more}]
    call(brand, "POST", "/sandbox/faults", json={"queued": queued})


def let_stripe_hang(brand: Brand) -> None:
    """Let every request wait, for longer than a test takes, until the faults are cleared."""
    call(brand, "POST", "/sandbox/faults", json={"latency_ms": 600_000})


def clear_faults(brand: Brand) -> None:
    """Remove all injected faults."""
    call(brand, "POST", "/sandbox/faults", json={})


def intents(brand: Brand) -> list[dict[str, Any]]:
    """Every PaymentIntent of the brand's account, newest first."""
    return list(call(brand, "GET", "/v1/payment_intents?limit=100")["data"])


def customers(brand: Brand) -> list[dict[str, Any]]:
    """Every customer of the brand's account, newest first."""
    return list(call(brand, "GET", "/v1/customers?limit=100")["data"])


def requests_made(brand: Brand, method: str, path: str) -> list[dict[str, Any]]:
    """The logged requests of the account with this method and path, oldest first."""
    log = call(brand, "GET", "/sandbox/requests")["requests"]
    return [entry for entry in log if (entry["method"], entry["path"]) == (method, path)]


def delete(brand: Brand, path: str) -> None:
    call(brand, "DELETE", path)


def pay(
    brand: Brand, payment_intent_id: str, client_secret: str, method: str = "pm_card_visa"
) -> dict[str, Any]:
    """Confirm a payment as a buyer's browser does, with the publishable key and the client secret."""
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
    response: dict[str, Any] = reply.json()
    return response


def events(brand: Brand, *types: str) -> list[dict[str, Any]]:
    """The account's events of these types (all types by default), oldest first."""
    listed = call(brand, "GET", "/v1/events?limit=100")["data"]
    return [event for event in reversed(listed) if event["type"] in types or not types]


def checkout_sessions(brand: Brand) -> list[dict[str, Any]]:
    """Every Checkout Session of the brand's account, newest first."""
    return list(call(brand, "GET", "/v1/checkout/sessions?limit=100")["data"])


def pay_session(brand: Brand, session_id: str, method: str = "pm_card_visa", **form: str) -> dict[str, Any]:
    """Pay a Checkout Session as its page does; return ``outcome``, ``session``, ``redirect_url``, ``error``."""
    sent = {"payment_method": method, **form}
    return call(brand, "POST", f"/sandbox/checkout/sessions/{session_id}/pay", json=sent)


def expire_session(brand: Brand, session_id: str) -> dict[str, Any]:
    """Expire a Checkout Session; return the session."""
    return call(brand, "POST", f"/sandbox/checkout/sessions/{session_id}/expire", json={})


def advance(brand: Brand, seconds: float) -> None:
    """Advance time for the scheduled tasks, deliveries and expiry of the brand's account."""
    call(brand, "POST", "/sandbox/advance", json={"seconds": seconds})


def deliver_events(brand: Brand, *types: str) -> None:
    """Deliver the account's events of these types (all types by default) and process them."""
    deliver(brand, *events(brand, *types))
