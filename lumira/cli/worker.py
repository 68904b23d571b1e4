"""`flask worker`: events into served orders, messages out of the house."""

import click
from flask import current_app
from flask.cli import with_appcontext

from lumira.tasks import worker as worker_process


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Handle events and send messages until SIGTERM; the batch in hand is finished."""
    worker_process.run(current_app._get_current_object(), current_app.extensions["lumira"])  # type: ignore[attr-defined]  # noqa: SLF001
