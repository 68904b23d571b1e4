"""`/.well-known/security.txt`: whom to tell of a weakness (RFC 9116); the same on every host."""

from datetime import timedelta

from flask import Blueprint, Response, current_app

from config.settings import Settings
from lumira.clock import utc_now
from lumira.errors import NotFound

#: RFC 9116 recommends less than a year. As the text is made for each request, it never expires while Lumira runs.
_VALID_FOR = timedelta(days=180)

blueprint = Blueprint("security_contact", __name__)


@blueprint.get("/.well-known/security.txt")
def show_security_contact() -> Response:
    """Return the contact of the installation; 404 if it has none."""
    settings: Settings = current_app.extensions["lumira"]
    if settings.security_contact is None:
        raise NotFound("This installation has no SECURITY_CONTACT.")
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {utc_now() + _VALID_FOR:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: fr, en",
    ]
    if settings.public_url is not None:
        lines.append(f"Canonical: {settings.public_url}/.well-known/security.txt")
    text = "".join(f"{line}\n" for line in lines)
    return Response(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=86400"}
    )
