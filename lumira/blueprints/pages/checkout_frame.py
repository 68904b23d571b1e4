"""The checkout page in a frame of the shop's own site, which `embed.js` opens over it.

The frame shows the offer and its form. The form is sent by the whole window, so that the order, its cookies and the
payment are where they are without a frame, and Stripe's page is in no frame.
"""

from urllib.parse import urlencode

from flask import current_app, g, request

from config.settings import Settings
from lumira.services.checkout.view_domains import view_domains

#: The parameter of a page in a frame.
PARAMETER = "frame"
#: Pages of a developer, as for CORS.
_LOCAL_SITES = ("http://localhost:*", "http://127.0.0.1:*")


def is_framed() -> bool:
    """Whether the running request is for a page in a frame; a form is never sent to one."""
    return request.method in ("GET", "HEAD") and request.args.get(PARAMETER) == "1"


def whole_page() -> str:
    """The path of the same page without a frame, to which the form is sent."""
    others = {name: value for name, value in request.args.items() if name != PARAMETER}
    return f"{request.path}?{urlencode(others)}" if others else request.path


def framing_sites() -> str:
    """The sites that may show the page in a frame: those of the tenant's own domains, separated by spaces."""
    settings: Settings = current_app.extensions["lumira"]
    sites = [f"https://{domain}" for domain in view_domains(g.tenant_id)]
    if settings.is_development:
        sites += _LOCAL_SITES
    return " ".join(sites) or "'none'"


def is_sent_by_own_page() -> bool:
    """Whether the browser says that a page of Lumira sent the form; no page can set this header itself."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
