"""A strict stand-in for Stripe: its API, its signed webhooks, and faults on demand."""

from pathlib import Path

from lumira.sandbox.app import Sandbox

__all__ = ["Sandbox", "create_sandbox"]


def create_sandbox(state_directory: Path, *, delivery_workers: int = 8) -> Sandbox:
    """Return a running sandbox that stores its state in this directory; ``wsgi_app`` is its WSGI application."""
    return Sandbox(state_directory, delivery_workers=delivery_workers)
