"""`flask reconcile`: poll Stripe now for events and payments that no webhook delivered."""

import re
from datetime import timedelta

import click
from flask.cli import with_appcontext

from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.reconciliation import reconcile as reconciliation
from lumira.reconciliation.pull_events import STRIPE_LISTS_EVENTS_FOR

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,5})([mhd])")


class Duration(click.ParamType[timedelta]):
    """A duration before now, such as 30m, 12h or 3d, at most as far back as Stripe lists events."""

    name = "duration"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        parts = _DURATION.fullmatch(value.strip())
        duration = timedelta(**{_UNITS[parts[2]]: int(parts[1])}) if parts else timedelta()
        if not duration:
            self.fail(f"{value!r} is not a duration such as 30m, 12h or 3d.", param, ctx)
        if duration > STRIPE_LISTS_EVENTS_FOR:
            self.fail(f"{value} is too far back: Stripe lists the events of 30 days.", param, ctx)
        return duration


@click.command("reconcile")
@tenant_option
@click.option(
    "--since",
    type=Duration(),
    help="Poll all events of this time and all orders opened in it: 30m, 12h, 3d; at most 30d. "
    "[default: what is due for the worker]",
)
@with_appcontext
def reconcile(slug: str | None, since: timedelta | None) -> None:
    """Poll Stripe for what no webhook delivered, and print what was found. Workers process it."""
    rows, failures = [], 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
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
