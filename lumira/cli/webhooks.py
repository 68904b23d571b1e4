"""`flask webhooks …`: the webhook endpoints of tenants at Stripe."""

import click
from flask import current_app
from flask.cli import AppGroup

from config.settings import Settings
from lumira.cli.tenants import tenant_id_of
from lumira.services.tenants.set_up_webhooks import set_up_webhooks
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers their types
from lumira.webhooks.registry import handled_types

webhooks = AppGroup("webhooks", help="The webhook endpoints of tenants at Stripe.")

_ACTOR = "operator"


@webhooks.command("setup")
@click.argument("slug")
def setup(slug: str) -> None:
    """Create or complete the webhook endpoint of the tenant SLUG at Stripe, and register its domains.

    The endpoint delivers the events that act, in Lumira's API version, to PUBLIC_URL or the tenant's first domain;
    its signing secret is stored. The domains are registered for wallets such as Apple Pay. Repeating it changes
    nothing.

    Example: flask webhooks setup oracle-lumira
    """
    settings: Settings = current_app.extensions["lumira"]
    done = set_up_webhooks(
        tenant_id_of(slug), public_url=settings.public_url, events=handled_types(), actor=_ACTOR
    )
    for line in done.done:
        click.echo(line)
    for line in done.warnings:
        click.echo(line, err=True)
