"""`flask reconcile`: poll Stripe now for events and payments that no webhook delivered."""

from datetime import timedelta

import click
from flask.cli import with_appcontext

from lumira.cli.common.durations import Duration
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.database import atomic
from lumira.reconciliation import reconcile as reconciliation
from lumira.reconciliation.pull_events import STRIPE_LISTS_EVENTS_FOR
from lumira.repositories.tenants import tenants


@click.command("reconcile")
@tenant_option
@click.option(
    "--since",
    type=Duration(STRIPE_LISTS_EVENTS_FOR, "Stripe lists the events of 30 days"),
    help="Poll all events of this time and all orders opened in it: 30m, 12h, 3d; at most 30d. "
    "[default: what is due for the worker]",
)
@with_appcontext
def reconcile(slug: str | None, since: timedelta | None) -> None:
    """Poll Stripe for what no webhook delivered, and print what was found. Workers process it.

    Example: flask reconcile --since 12h
    """
    rows, failures = [], 0
    with atomic(None):
        frozen = tenants.list_frozen_ids()
    for tenant_id, tenant_slug in chosen_tenants(slug):
        if slug is None and tenant_id in frozen:
            # As workers do. One that is named is refused.
            click.echo(f"{tenant_slug}: is frozen, and was left out.", err=True)
            continue
        report = reconciliation.reconcile(tenant_id, since=since)
        failures += report.failures
        rows.append(
            (
                tenant_slug,
                str(report.events_recovered),
                str(report.payments_decided),
                str(report.orders_polled),
                str(report.orders_repaired),
                str(report.stripe),
            )
        )
    echo_table(
        (
            "TENANT",
            "EVENTS RECOVERED",
            "PAYMENTS DECIDED",
            "ORDERS POLLED",
            "ORDERS REPAIRED",
            "STRIPE",
        ),
        rows,
    )
    if failures:
        # An unavailable Stripe is reported in its column; these are failures of Lumira.
        raise click.ClickException(
            f"{failures} could not be reconciled: the log has each with its traceback."
        )
