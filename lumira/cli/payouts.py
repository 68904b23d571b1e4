"""`flask payouts …`: what Stripe transfers to the bank account, and what does not match the orders."""

from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.models import Payout
from lumira.money import format_amount
from lumira.services.payouts.view_payouts import PayoutView, list_payouts, view_payout

payouts = AppGroup("payouts", help="Payouts of Stripe, and what does not match the orders.")


@payouts.command("list")
@click.argument("slug")
@limit_option
def list_(slug: str, limit: int) -> None:
    """List the payouts of the tenant SLUG, the last arrival first.

    Example: flask payouts list oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    found = list_payouts(tenant_id, limit=limit).payouts
    echo_table(("PAYOUT", "ARRIVAL", "AMOUNT", "STATUS", "MATCHES"), [_row(payout, zone) for payout in found])


def _row(payout: Payout, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        payout.stripe_payout_id,
        f"{payout.arrival_at.astimezone(zone):%Y-%m-%d}",
        format_amount(payout.amount, payout.currency),
        payout.status,
        _matches(payout),
    )


def _matches(payout: Payout) -> str:
    if payout.mismatches is None:
        return "not compared yet" if payout.is_automatic else "manual"
    return f"no: {len(payout.mismatches)}" if payout.mismatches else "yes"


@payouts.command("show")
@click.argument("payout_id")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the payout.")
def show(payout_id: str, slug: str) -> None:
    """Print the payout PAYOUT_ID of Stripe with its lines, and what does not match.

    Example: flask payouts show po_1Qk2m8 --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    view = view_payout(tenant_id, payout_id)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    for name, value in _facts(view, zone):
        click.echo(f"{name}: {value}")
    click.echo()
    echo_table(("DATE", "TYPE", "ORDER", "AMOUNT", "FEE", "NET", "SOURCE"), _lines(view, zone))


def _facts(view: PayoutView, zone: ZoneInfo) -> list[tuple[str, str]]:
    payout = view.payout
    currency = payout.currency
    return [
        ("payout", payout.stripe_payout_id),
        ("amount", format_amount(payout.amount, currency)),
        ("status", payout.status + (f" ({payout.failure_code})" if payout.failure_code else "")),
        ("arrival", shown(payout.arrival_at, zone)),
        ("matches", _matches(payout)),
        ("own orders", format_amount(view.own_net, currency)),
        ("other", format_amount(view.other_net, currency)),
        *(("mismatch", _sentence(mismatch, currency)) for mismatch in payout.mismatches or ()),
    ]


def _sentence(mismatch: dict[str, object], currency: str) -> str:
    """Return one mismatch with its amounts, the order and the balance transaction, as far as it has them."""
    parts = [str(mismatch["reason"])]
    for name in ("expected", "found"):
        value = mismatch.get(name)
        if isinstance(value, int):
            parts.append(f"{name} {format_amount(value, currency)}")
    parts += [str(mismatch[name]) for name in ("order_number", "transaction_id") if name in mismatch]
    return ", ".join(parts)


def _lines(view: PayoutView, zone: ZoneInfo) -> list[tuple[str, ...]]:
    return [
        (
            "" if row.stripe_created_at is None else f"{row.stripe_created_at.astimezone(zone):%Y-%m-%d}",
            row.reporting_category or row.type or "",
            line.order_number or "other",
            *(format_amount(value or 0, row.currency or "") for value in (row.amount, row.fee, row.net)),
            row.stripe_source_id or "",
        )
        for line in view.lines
        for row in (line.transaction,)
    ]
