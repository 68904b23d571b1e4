"""One attempt to deliver an event over HTTP."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 10
_SUCCESS = 2
_MAX_REPLY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Attempt:
    """The result of an attempt; only a 2xx is a success, and redirects are not followed."""

    status: int | None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint accepted the event."""
        return self.status is not None and self.status // 100 == _SUCCESS


def post(url: str, body: bytes, signature: str) -> Attempt:
    """Send the body once, on a new connection."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Connection": "close",
        "Stripe-Signature": signature,
    }
    try:
        connection.request("POST", target, body, headers)
        with connection.getresponse() as response:
            response.read(_MAX_REPLY_BYTES)
            return Attempt(response.status)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Attempt(None, f"{type(error).__name__}: {error}"[:200])
    finally:
        connection.close()
