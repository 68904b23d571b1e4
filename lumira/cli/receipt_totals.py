"""`flask receipts totals` and `closings`: what was sold and refunded in a period."""

from collections.abc import Iterator
from datetime import date, datetime

import click

from lumira.cli.common.tables import echo_table
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.domain.receipt_totals import Total, Totals
from lumira.models import ClosingPeriod
from lumira.money import format_amount
from lumira.services.receipts.view_totals import view_closings, view_totals

_DAY = click.DateTime(["%Y-%m-%d"])
_HEADINGS = ("CURRENCY", "VAT RATE", "RECEIPTS", "AMOUNT", "CREDIT NOTES", "AMOUNT", "NET", "VAT")


@click.command("totals")
@click.argument("slug")
@click.option("--from", "first", type=_DAY, required=True, help="The first day, in the tenant's time zone.")
@click.option("--to", "last", type=_DAY, required=True, help="The last day, included.")
@click.option("--test-mode", is_flag=True, help="Of the documents of test mode instead, which state no sale.")
def totals(slug: str, first: datetime, last: datetime, test_mode: bool) -> None:
    """Print the totals of the receipts and credit notes of the tenant SLUG that are dated in a period.

    Example: flask receipts totals oracle-lumira --from 2026-01-01 --to 2026-03-31
    """
    if last < first:
        raise click.BadParameter("The last day is before the first.", param_hint="--to")
    found = view_totals(
        tenant_id_of(slug), first_day=first.date(), last_day=last.date(), livemode=not test_mode
    )
    if found:
        echo_table(_HEADINGS, list(_rows(found)))
    else:
        click.echo("There is no receipt and no credit note in this period.")


@click.command("closings")
@click.argument("slug")
@click.option(
    "--period",
    type=click.Choice([str(period) for period in ClosingPeriod]),
    default=str(ClosingPeriod.MONTH),
    show_default=True,
    help="Which closings.",
)
@click.option("--year", type=click.IntRange(2000, 9999), help="The year. [default: the current one]")
def closings(slug: str, period: str, year: int | None) -> None:
    """Print the closings of the tenant SLUG: the totals of each day, month or year, and the perpetual total.

    A worker closes each period once it has ended, for documents of live mode.

    Example: flask receipts closings oracle-lumira --period month --year 2026
    """
    found = view_closings(tenant_id_of(slug), ClosingPeriod(period), year or utc_now().year)
    if not found:
        click.echo("No period is closed: a worker closes each an hour after it has ended.")
        return
    rows = [
        (_name(closing.first_day, closing.period), which, *row)
        for closing in found
        for which, totals in (("period", closing.totals), ("perpetual", closing.perpetual))
        for row in _rows(totals)
    ]
    echo_table(("CLOSED", "TOTAL", *_HEADINGS), rows)


def _name(first_day: date, period: str) -> str:
    lengths = {"day": 10, "month": 7, "year": 4}
    return first_day.isoformat()[: lengths[period]]


def _rows(found: Totals) -> Iterator[tuple[str, ...]]:
    return map(_row, found)


def _row(total: Total) -> tuple[str, ...]:
    def shown(amount: int) -> str:
        return format_amount(amount, total.currency)

    return (
        total.currency.upper(),
        "none" if total.vat_rate is None else f"{total.vat_rate} %",
        str(total.receipts),
        shown(total.receipts_amount),
        str(total.credit_notes),
        shown(-total.credit_notes_amount),
        shown(total.amount),
        shown(total.vat),
    )
