"""`flask returns …`: goods that came back."""

from datetime import datetime

import click
from flask.cli import AppGroup

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.orders import address_of
from lumira.cli.common.times import DAY_OR_MINUTE, time_of, zone_of
from lumira.cli.common.units import read_units
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.commands import ReturnCommand, ReturnLine
from lumira.domain.goods.returns import RefundedBefore, refunded_before
from lumira.money import format_amount
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.services.shipments.record_return import record_return
from lumira.services.shipments.results import ReturnResult

returns = AppGroup("returns", help="Goods that came back.")

_ACTOR = "operator"
_LONGEST_REASON = 500


@returns.command("record")
@click.argument("number")
@click.option(
    "--line",
    "restockable",
    metavar="PRODUCT[:UNITS]",
    multiple=True,
    help="Units that can be sold again; may be repeated.",
)
@click.option(
    "--damaged",
    metavar="PRODUCT[:UNITS]",
    multiple=True,
    help="Units that cannot be sold again; may be repeated.",
)
@click.option("--reason", help="Why they came back.")
@click.option(
    "--received", type=DAY_OR_MINUTE, help="When they came back, in the tenant's time zone. [default: now]"
)
@click.option("--no-refund", is_flag=True, help="Refund nothing because of this return.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def record(
    *,
    number: str,
    restockable: tuple[str, ...],
    damaged: tuple[str, ...],
    reason: str | None,
    received: datetime | None,
    no_refund: bool,
    yes: bool,
) -> None:
    """Record that units of the order NUMBER came back: they are restocked, and a worker refunds them.

    Example: flask returns record LUM-7Q2MZX41KD --line tasse-gres:2
    """
    lines = _lines(restockable, damaged)
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise click.BadParameter(f"At most {_LONGEST_REASON} characters.", param_hint="--reason")
    tenant_id, order_id = address_of(number)
    with atomic(tenant_id):
        # What another operator records meanwhile is not recorded twice.
        order = orders.get_order(tenant_id, str(order_id))
        seen, before = len(order.returns), refunded_before(order)
        received_at = None if received is None else time_of(received, zone_of(tenant_id), now=utc_now())
    units = ", ".join(f"{line.quantity} x {line.product_id}" for line in lines)
    if before is not None and not no_refund:
        click.echo(_warning(before, order.currency), err=True)
    confirm(
        f"Record {units} of {number.upper()} as returned{'' if no_refund else ', and refund their price'}?",
        is_confirmed=yes,
    )
    command = ReturnCommand(
        lines, received_at, (reason or "").strip() or None, is_refunded=not no_refund, seen=seen
    )
    call = Call(fingerprint="", actor=_ACTOR)
    result = record_return(tenant_id, str(order_id), command, call=call).value
    click.echo(f"{result.order_number}: recorded, now {result.fulfilment}. {_refund(result)}")


def _warning(before: RefundedBefore, currency: str) -> str:
    named = [f"{number} x {line.product_id}" for line, number in before.units]
    named += [f"{format_amount(before.amount, currency)} without naming a unit"] if before.amount else []
    return f"Refunded by hand already: {', '.join(named)}. If it is for these units, use --no-refund."


def _lines(restockable: tuple[str, ...], damaged: tuple[str, ...]) -> tuple[ReturnLine, ...]:
    if not restockable and not damaged:
        raise click.UsageError("Name what came back with --line or --damaged.")
    return tuple(
        [ReturnLine(*read_units(text, option="--line")) for text in restockable]
        + [ReturnLine(*read_units(text, option="--damaged"), "damaged") for text in damaged]
    )


def _refund(result: ReturnResult) -> str:
    if not result.refund_amount:
        return "Nothing has to be refunded now."
    return f"A worker refunds {format_amount(result.refund_amount, result.currency)}."
