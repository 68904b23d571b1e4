"""Where a checkout comes from: the route that was called and the language of the buyer's page."""

from dataclasses import replace

from flask import Request

from lumira.domain.commands import CheckoutCommand

#: The languages of pages and e-mails.
LOCALES = ("fr", "en")


def with_origin(command: CheckoutCommand, request: Request, *, source: str) -> CheckoutCommand:
    """The command with the route's name and the buyer's language."""
    return replace(command, source=source, locale=preferred_locale(request))


def preferred_locale(request: Request) -> str | None:
    """The first supported language of `Accept-Language`; `None` if it names no supported one."""
    for tag, quality in request.accept_languages:
        language = tag.lower().partition("-")[0]
        # A quality of zero means "not acceptable" (RFC 9110, section 12.4.2).
        if language in LOCALES and quality > 0:
            return language
    return None
