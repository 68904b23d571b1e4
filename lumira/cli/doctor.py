"""`flask doctor`: checks the installation and each tenant, and says how to mend what is wrong."""

import click
from flask import current_app
from flask.cli import with_appcontext

from config.settings import Settings
from lumira.cli.common.scope import tenant_option
from lumira.cli.tenants import tenant_id_of
from lumira.services.installation.diagnose import diagnose
from lumira.services.installation.findings import Finding, Level
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers their types
from lumira.webhooks.registry import handled_types


@click.command("doctor")
@tenant_option
@with_appcontext
def doctor(slug: str | None) -> None:
    """Check the installation and each tenant, and name the remedies.

    Settings, database, encryption keys, worker, mail server and storage; of each tenant its keys, its account and
    webhook endpoint at Stripe, and its domains. Prints a line for each: ok, warning or fault, with the remedy below
    it. Exits with 1 if there is a fault. Changes nothing.

    Example: flask doctor --tenant oracle-lumira
    """
    settings: Settings = current_app.extensions["lumira"]
    faults = 0
    only_tenant = None if slug is None else tenant_id_of(slug)
    for finding in diagnose(settings, events=handled_types(), only_tenant=only_tenant):
        faults += finding.level is Level.FAULT
        for line in _lines(finding):
            click.echo(line)
    if faults:
        raise click.ClickException(f"{faults} fault{'' if faults == 1 else 's'}.")


def _lines(finding: Finding) -> list[str]:
    subject = f"{finding.tenant}, {finding.subject}" if finding.tenant else finding.subject
    found = " ".join(filter(None, (finding.message, finding.detail)))
    lines = [f"{finding.level:<8} {subject}: {found}"]
    return lines if finding.remedy is None else [*lines, f"{'':<8} {finding.remedy}"]
