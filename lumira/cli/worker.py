"""`flask worker`: processes events and sends messages."""

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext

from config.settings import Settings
from lumira.services.tenants.bootstrap_tenant import bootstrap_tenant
from lumira.services.tenants.check_encryption_keys import check_encryption_keys

log = structlog.get_logger()


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Process events and send messages until SIGTERM, which lets the current batch finish.

    Example: flask worker
    """
    # Imported here, because the queue logs its setup, which --help must not print.
    from lumira.tasks import worker as worker_process  # noqa: PLC0415

    settings: Settings = current_app.extensions["lumira"]
    check_encryption_keys()
    if settings.smtp is None and not settings.is_development:
        log.warning("messages_written_to_files", folder=str(settings.instance_path / "outbox"))
    bootstrap_tenant(settings.default_tenant, settings.stripe)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - a thread needs the app itself
    worker_process.run(app, settings)
