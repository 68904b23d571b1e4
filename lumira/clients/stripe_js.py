"""Stripe.js: where a page loads it from, and what the page's security policies have to allow for it.

Source of the rules: docs.stripe.com/security/guide and /js/including.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from lumira.clients.stripe_transport import API_VERSION, api_base

#: Stripe.js is always loaded from Stripe: a copy is not maintained, and not accepted by card networks.
_ORIGIN = "https://js.stripe.com"
#: Stripe.js loads parts of itself from subdomains.
_PARTS = "https://*.js.stripe.com"
#: The major release of the API that Stripe.js calls has the name that our API version ends with.
_RELEASE = API_VERSION.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class StripeJs:
    """The URL of the script, and origins, separated by spaces."""

    url: str
    scripts: str
    frames: str
    connections: str
    #: Origins whose frames may use the Payment Request API, for Apple Pay and Google Pay.
    payment: tuple[str, ...]


def stripe_js() -> StripeJs:
    """Return Stripe's own script, or that of the sandbox."""
    base = api_base()
    if base is not None:
        parts = urlsplit(base)
        origin = f"{parts.scheme}://{parts.netloc}"
        return StripeJs(f"{origin}/{_RELEASE}/stripe.js", origin, origin, origin, (origin,))
    return StripeJs(
        f"{_ORIGIN}/{_RELEASE}/stripe.js",
        scripts=f"{_PARTS} {_ORIGIN}",
        frames=f"{_PARTS} {_ORIGIN} https://hooks.stripe.com",
        connections="https://api.stripe.com",
        payment=(_ORIGIN, _PARTS),
    )
