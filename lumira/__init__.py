"""Lumira: a payments backend for several brands, on Stripe."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config.settings import Settings

__version__ = "0.1.0"


def create_app(settings: "Settings", *, serves_http: bool = True) -> "Flask":
    """The application: its parts configured from `settings`, nothing connected yet.

    Workers and commands need no routes (`serves_http=False`).
    """
    # Imported here, so that what imports a part of the package does not import all of it.
    from lumira.application import build  # noqa: PLC0415

    return build(settings, serves_http=serves_http)
