"""`flask withdrawals …`: the withdrawals of buyers, and an operator's decisions about them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.orders import address_of
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import Order, Withdrawal, WithdrawalDecision
from lumira.money import format_amount
from lumira.repositories.orders import withdrawals as withdrawal_rows
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.record_proof import record_proof
from lumira.services.withdrawals.withdraw import record_statement

withdrawals = AppGroup("withdrawals", help="Withdrawals of buyers, and decisions about them.")

_ACTOR = "operator"


@withdrawals.command("list")
@tenant_option
@click.option("--all", "is_whole", is_flag=True, help="Also decided ones.")
@limit_option
def list_(slug: str | None, is_whole: bool, limit: int) -> None:
    """List the withdrawals that wait for a decision, newest first.

    Example: flask withdrawals list --tenant boutique
    """
    rows_of_all: list[tuple[Withdrawal, str, str, ZoneInfo]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
            listed = withdrawal_rows.list_withdrawals(tenant_id, includes_decided=is_whole, limit=limit)
        rows_of_all += [(withdrawal, number, tenant_slug, zone) for withdrawal, number in listed]
    rows_of_all.sort(key=lambda row: row[0].requested_at, reverse=True)
    headings = ("ORDER", "TENANT", "REQUESTED", "VIA", "UNITS", "DECISION", "REFUND DUE", "REASON")
    echo_table(headings, [_row(*row) for row in rows_of_all[:limit]])


def _row(withdrawal: Withdrawal, number: str, slug: str, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        number,
        slug,
        shown(withdrawal.requested_at, zone),
        withdrawal.via,
        str(sum(line.quantity for line in withdrawal.lines)),
        "waiting" if withdrawal.decision is None else withdrawal.decision,
        f"{refund_due_at(withdrawal.requested_at).astimezone(zone):%Y-%m-%d}",
        " ".join((withdrawal.reason or "").split()),
    )


@withdrawals.command("accept")
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def accept(number: str, yes: bool) -> None:
    """Accept the withdrawal from the order NUMBER: a worker refunds it, and its access ends.

    Example: flask withdrawals accept LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    confirm(f"Accept the withdrawal from {number.upper()} and refund it?", is_confirmed=yes)
    order = decide(tenant_id, order_id, WithdrawalDecision.ACCEPTED, actor=_ACTOR)
    click.echo(f"{order.order_number}: accepted. {_refunds(order)}")


def _refunds(order: Order) -> str:
    amount = sum(
        request.amount for request in order.refund_requests if request.withdrawal_id and request.is_under_way
    )
    if not amount:
        return "Nothing has to be refunded now."
    return f"A worker refunds {format_amount(amount, order.currency)}."


@withdrawals.command("refuse")
@click.argument("number")
@click.option("--note", help="The explanation that is sent to the buyer.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def refuse(number: str, note: str | None, yes: bool) -> None:
    """Refuse the withdrawal from the order NUMBER: its access is restored, and the buyer gets a message.

    Example: flask withdrawals refuse LUM-7Q2MZX41KD --note "It was made for you."
    """
    tenant_id, order_id = address_of(number)
    confirm(f"Refuse the withdrawal from {number.upper()}?", is_confirmed=yes)
    order = decide(tenant_id, order_id, WithdrawalDecision.REFUSED, actor=_ACTOR, note=note)
    click.echo(f"{order.order_number}: refused.")


@withdrawals.command("proof")
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def proof(number: str, yes: bool) -> None:
    """Record that the buyer proved to have sent the goods of the order NUMBER back: the refund waits for them no more.

    Example: flask withdrawals proof LUM-7Q2MZX41KD
    """
    tenant_id, order_id = address_of(number)
    confirm(f"Refund the withdrawal from {number.upper()} before its goods are back?", is_confirmed=yes)
    order = record_proof(tenant_id, order_id, actor=_ACTOR)
    click.echo(f"{order.order_number}: recorded. {_refunds(order)}")


@withdrawals.command("record")
@click.argument("number")
@click.option(
    "--received",
    type=click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M")),
    help="When the buyer sent the statement, in the tenant's time zone. [default: now]",
)
@click.option("--reason", help="The buyer's own words.")
def record(number: str, received: datetime | None, reason: str | None) -> None:
    """Record a withdrawal from the order NUMBER that reached the shop by letter, e-mail or telephone.

    Example: flask withdrawals record LUM-7Q2MZX41KD --received 2026-11-20
    """
    tenant_id, order_id = address_of(number)
    requested_at = _time_of(tenant_id, received)
    order = record_statement(tenant_id, order_id, requested_at=requested_at, reason=reason, actor=_ACTOR)
    state = "waits for a decision" if order.withdrawals[-1].is_waiting else f"accepted. {_refunds(order)}"
    click.echo(f"{order.order_number}: recorded, {state}")


def _time_of(tenant_id: int, received: datetime | None) -> datetime:
    now = utc_now()
    if received is None:
        return now
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    requested_at = received.replace(tzinfo=zone).astimezone(UTC)
    if requested_at > now:
        raise click.BadParameter("It is in the future.", param_hint="--received")
    return requested_at
