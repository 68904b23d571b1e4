"""A strict stand-in for Stripe: its API, its signed webhooks, and its bad days on demand."""

from pathlib import Path

from lumira.sandbox.app import Sandbox

__all__ = ["Sandbox", "create_sandbox"]


def create_sandbox(state_directory: Path, *, delivery_workers: int = 8) -> Sandbox:
    """A sandbox whose state lives in this directory; it is a WSGI application in ``wsgi_app``."""
    return Sandbox(state_directory, delivery_workers=delivery_workers)
