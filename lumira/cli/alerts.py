"""`flask alerts …`: problems that need an operator, and their resolution."""

from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants, owner_option, tenant_option
from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import Alert
from lumira.repositories.alerts import alerts as alert_rows
from lumira.services.tenants.resolve_alert import resolve_alert

alerts = AppGroup("alerts", help="Problems that need an operator.")

_ACTOR = "operator"


@alerts.command("list")
@tenant_option
@click.option("--all", "is_whole", is_flag=True, help="Also resolved alerts.")
@limit_option
def list_(slug: str | None, is_whole: bool, limit: int) -> None:
    """Show open alerts, newest first; docs/operations.md lists the meaning and remedy of each kind.

    Example: flask alerts list --tenant oracle-lumira
    """
    rows_of_all: list[tuple[Alert, str, ZoneInfo]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
            listed = alert_rows.list_alerts(tenant_id, include_resolved=is_whole, limit=limit)
        rows_of_all += [(alert, tenant_slug, zone) for alert in listed]
    rows_of_all.sort(key=lambda row: row[0].raised_at, reverse=True)
    rows = [_row(alert, tenant_slug, zone) for alert, tenant_slug, zone in rows_of_all[:limit]]
    echo_table(("ALERT", "TENANT", "RAISED", "KIND", "SUBJECT", "DETAILS"), rows)


def _row(alert: Alert, tenant_slug: str, zone: ZoneInfo) -> tuple[str, ...]:
    facts = ", ".join(f"{name} {value}" for name, value in alert.details.items() if value is not None)
    resolved = f"resolved {shown(alert.resolved_at, zone)}" if alert.resolved_at else ""
    details = "; ".join(part for part in (facts, resolved) if part)
    return (str(alert.id), tenant_slug, shown(alert.raised_at, zone), alert.kind, alert.subject, details)


@alerts.command("resolve")
@click.argument("alert_id", metavar="ID", type=click.UUID)
@owner_option
def resolve(alert_id: UUID, slug: str | None) -> None:
    """Mark the alert ID as resolved. If the problem recurs, a new alert is raised.

    Example: flask alerts resolve 0198a1c4-5e2f-7b3a-9c4d-1f2e3a4b5c6d
    """
    for tenant_id, _ in chosen_tenants(slug):
        try:
            alert = resolve_alert(tenant_id, alert_id, actor=_ACTOR)
        except NotFound:
            continue
        if alert.resolved_at is not None:
            click.echo("The alert is already resolved.")
        else:
            click.echo(f"{alert.kind} about {alert.subject}: resolved.")
        return
    raise NotFound(f"There is no alert {alert_id}.")
