"""Where a checkout comes from: the route that was called and the language of the buyer's page."""

from dataclasses import replace

from flask import Request

from lumira.domain.commands import CheckoutCommand
from lumira.pages.languages import preferred_language


def with_origin(command: CheckoutCommand, request: Request, *, source: str) -> CheckoutCommand:
    """The command with the route's name and the buyer's language: the requested one, else that of the browser."""
    locale = command.locale or preferred_language(request.accept_languages)
    return replace(command, source=source, locale=locale, page_locale=command.locale)
