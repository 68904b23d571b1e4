"""`flask doctor`: checks the installation and each tenant, and says how to mend what is wrong."""

import json
from typing import Any

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
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, once all is checked.")
@with_appcontext
def doctor(slug: str | None, as_json: bool) -> None:
    """Check the installation and each tenant, and name the remedies.

    Settings, database, encryption keys, worker and its work, mail server, storage, Redis and disks; of each tenant its
    keys and their permissions, its account, deliveries and webhook endpoint at Stripe, and its domains. Prints a line
    for each: ok, warning or fault, with the remedy below it. Exits with 1 if there is a fault, else with 0. Changes
    nothing.

    Example: flask doctor --tenant oracle-lumira
    """
    settings: Settings = current_app.extensions["lumira"]
    only_tenant = None if slug is None else tenant_id_of(slug)
    findings = []
    for finding in diagnose(settings, events=handled_types(), only_tenant=only_tenant):
        findings.append(finding)
        if not as_json:
            for line in _lines(finding):
                click.echo(line)
    if as_json:
        click.echo(json.dumps(_report(findings), indent=2, ensure_ascii=False))
    faults = sum(finding.level is Level.FAULT for finding in findings)
    if faults:
        raise click.ClickException(f"{faults} fault{'' if faults == 1 else 's'}.")


def _report(findings: list[Finding]) -> dict[str, Any]:
    levels = {finding.level for finding in findings}
    worst = next((level for level in (Level.FAULT, Level.WARNING) if level in levels), Level.OK)
    return {
        "status": str(worst),
        "findings": [
            {
                "line": finding.subject,
                "tenant": finding.tenant,
                "status": str(finding.level),
                "code": finding.code,
                "message": finding.message,
                "detail": finding.detail,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }


def _lines(finding: Finding) -> list[str]:
    subject = f"{finding.tenant}, {finding.subject}" if finding.tenant else finding.subject
    found = " ".join(filter(None, (finding.message, finding.detail)))
    lines = [f"{finding.level:<8} {subject}: {found}"]
    return lines if finding.remedy is None else [*lines, f"{'':<8} {finding.remedy}"]
