"""`flask tenants freeze|resume`: a tenant that is moved to another installation."""

import click

from lumira.cli.tenants import tenant_id_of, tenants
from lumira.services.tenants.freeze_tenant import freeze_tenant, resume_tenant

_ACTOR = "operator"


@tenants.command("freeze")
@click.argument("slug")
def freeze(slug: str) -> None:
    """Stop the tenant SLUG before it is moved to another installation: nothing of it can be changed any more.

    Its pages can still be read. Payments, refunds, Stripe's deliveries and other changes are answered with 503, and
    workers do nothing for it. Stripe repeats its deliveries for three days.

    Example: flask tenants freeze boutique
    """
    since = freeze_tenant(tenant_id_of(slug), actor=_ACTOR)
    click.echo(
        f"{slug}: frozen since {since:%Y-%m-%d %H:%M:%S} UTC. `flask tenants resume {slug}` lets it sell again."
    )


@tenants.command("resume")
@click.argument("slug")
@click.option(
    "--discard-export", is_flag=True, help="Resume although it was exported: it must not sell anywhere else."
)
def resume(slug: str, discard_export: bool) -> None:
    """Let the tenant SLUG sell: after its import here, or because it is not moved after all.

    Example: flask tenants resume boutique
    """
    if not resume_tenant(tenant_id_of(slug), actor=_ACTOR, discards_export=discard_export):
        click.echo(f"{slug}: was not frozen; nothing was changed.")
    else:
        click.echo(f"{slug}: can be changed and sells again.")
