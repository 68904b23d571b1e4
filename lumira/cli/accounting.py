"""`flask accounting …`: files for the accountant, and the proof that they agree."""

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from flask.cli import AppGroup

from lumira.cli.common.files import new_file
from lumira.cli.common.progress import progress
from lumira.cli.common.tables import echo_table
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.countries import name_of
from lumira.database import atomic
from lumira.documents import receipt_pdf
from lumira.domain import eu_sales
from lumira.domain.books_check import Compared, Comparison
from lumira.domain.csv_headings import CsvFile
from lumira.models import Language
from lumira.money import format_amount
from lumira.repositories.accounting import ledger_documents
from lumira.services.accounting.check_books import check_books
from lumira.services.accounting.export_csv import export_csv
from lumira.services.accounting.export_fec import export_fec
from lumira.services.accounting.period import Period, books_of, check_period
from lumira.services.accounting.post_entries import count_work
from lumira.services.accounting.view_eu_sales import view_eu_sales
from lumira.services.accounting.write_documents import write_documents

accounting = AppGroup("accounting", help="Files for the accountant, and their check.")

#: Of entries of the audit log.
_ACTOR = "operator"
_DAY = click.DateTime(["%Y-%m-%d"])
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])
_NAMES = {
    Compared.SALES: "Receipts less credit notes",
    Compared.VAT: "VAT at {}%",
    Compared.STRIPE: "Balance at Stripe",
    Compared.BANK: "Payouts that arrived",
    Compared.UNBOOKED_DOCUMENTS: "Documents in another currency, without an amount in euros",
    Compared.OTHER_CURRENCY: "Movements at Stripe in another currency",
    Compared.UNREAD: "Movements at Stripe whose figures are not known yet",
    Compared.SUSPENSE: "Of no order and no fee: for the accountant",
}


def _period_options(command: _Command) -> _Command:
    """Add `--tenant` and the period, both days included; the command receives `slug` and `period`."""

    @wraps(command)
    def run(
        *arguments: Any,
        year: datetime | None,
        month: datetime | None,
        first: datetime | None,
        last: datetime | None,
        **options: Any,
    ) -> Any:
        return command(*arguments, period=_period(year, month, first, last), **options)

    for option in (
        click.option("--to", "last", type=_DAY, help="The last day, included."),
        click.option("--from", "first", type=_DAY, help="The first day, in the tenant's time zone."),
        click.option("--month", type=click.DateTime(["%Y-%m"]), help="A month, such as 2026-11."),
        click.option("--year", type=click.DateTime(["%Y"]), help="A calendar year."),
        click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the books."),
    ):
        run = option(run)
    return cast("_Command", run)


def _period(
    year: datetime | None, month: datetime | None, first: datetime | None, last: datetime | None
) -> Period:
    """Return the period that one of the forms names; raises `UsageError` for none, several, or half of one."""
    if first is not None and last is not None and year is month is None:
        return Period(first.date(), last.date())
    if first is last is month is None and year is not None:
        return Period(year.date(), year.date().replace(month=12, day=31))
    if first is last is year is None and month is not None:
        return Period(month.date(), month.date().replace(day=monthrange(month.year, month.month)[1]))
    raise click.UsageError("Name one period: --year, --month, or --from and --to.")


def _language_option(command: _Command) -> _Command:
    return click.option(
        "--language",
        type=click.Choice([str(language) for language in Language]),
        default=str(Language.FRENCH),
        show_default=True,
        help="The language of the file.",
    )(command)


@accounting.command("fec")
@_period_options
@click.option(
    "-o",
    "--output",
    type=_NEW_FILE,
    metavar="FILE",
    help="Where to write the new file. [default: its prescribed name in the current folder]",
)
def fec(slug: str, period: Period, output: Path | None) -> None:
    """Write the entries of a period as FEC; a period that was exported never changes afterwards.

    Example: flask accounting fec --tenant reboul --year 2026
    """
    tenant_id = tenant_id_of(slug)
    with progress("Booking", lambda: count_work(tenant_id, period)) as advance:
        file = export_fec(tenant_id, period, actor=_ACTOR, on_progress=advance)
    path = output or Path(file.name)
    with new_file(path) as target:
        for part in file.content:
            target.write(part)
    click.echo(f"Written to {path}.")


@accounting.command("export")
@click.argument("what", type=click.Choice([str(what) for what in CsvFile]))
@_period_options
@_language_option
def export(what: str, slug: str, period: Period, language: str) -> None:
    """Print sales, movements of the balance at Stripe, payouts, or the totals of each day by VAT rate as CSV.

    Example: flask accounting export sales --tenant reboul --year 2026 > 2026.csv
    """
    tenant_id = tenant_id_of(slug)
    with progress("Exporting", lambda: count_work(tenant_id, period)) as advance:
        for part, count in export_csv(tenant_id, CsvFile(what), period, Language(language), actor=_ACTOR):
            # As bytes: the terminal's encoding must not change the file.
            click.echo(part.encode(), nl=False)
            advance(count)


@accounting.command("documents")
@_period_options
@_language_option
@click.option(
    "-o", "--output", type=_NEW_FILE, required=True, metavar="FILE", help="Where to write the new file."
)
def documents(slug: str, period: Period, language: str, output: Path) -> None:
    """Write all receipts and credit notes of a period, as PDF, to a ZIP file with a list of them.

    Example: flask accounting documents --tenant reboul --month 2026-11 -o 11.zip
    """
    tenant_id = tenant_id_of(slug)
    with (
        progress("Rendering", lambda: _count_documents(tenant_id, period)) as advance,
        new_file(output) as file,
    ):
        written = write_documents(
            file,
            tenant_id,
            period,
            Language(language),
            actor=_ACTOR,
            render=lambda document: receipt_pdf.render(document, locale=language),
            on_progress=advance,
        )
    click.echo(f"{written.documents} documents written to {output}.")
    if written.missing:
        raise click.ClickException(
            f"{len(written.missing)} could not be rendered, and are named in the list: "
            f"{', '.join(written.missing[:10])}."
        )


def _count_documents(tenant_id: int, period: Period) -> int:
    check_period(period)
    with atomic(tenant_id):
        books = books_of(tenant_id)
        return ledger_documents.count(
            tenant_id,
            livemode=books.livemode,
            since=period.since(books.zone),
            until=period.until(books.zone),
        )


@accounting.command("check")
@_period_options
def check(slug: str, period: Period) -> None:
    """Compare the entries of a period with documents, balance and payouts: exit code 0 only if all match.

    Example: flask accounting check --tenant reboul --year 2026
    """
    found = check_books(tenant_id_of(slug), period)
    echo_table(("COMPARED", "FACTS", "BOOKED", "MATCHES"), [_row(one) for one in found])
    differences = sum(not one.matches for one in found)
    if differences:
        raise click.ClickException(f"{differences} of {len(found)} do not match: see docs/accounting.md.")


def _row(one: Comparison) -> tuple[str, ...]:
    name = _NAMES[one.what].format(one.detail)
    state = "look at it" if one.is_remark else "yes" if one.matches else "no"
    if one.is_count:
        return name, str(one.expected), "", state
    booked = "" if one.is_remark else format_amount(one.booked, "eur")
    return name, format_amount(one.expected, "eur"), booked, state


@accounting.command("eu-sales")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the sales.")
@click.option("--year", type=click.IntRange(2000, 9999), help="The calendar year. [default: the current one]")
def eu_sales_(slug: str, year: int | None) -> None:
    """Print what was sold to consumers in other countries of the EU, against the threshold of 10,000 euros.

    Example: flask accounting eu-sales --tenant reboul --year 2026
    """
    view = view_eu_sales(tenant_id_of(slug), year or utc_now().year)
    sales = view.sales
    rows = [
        *((name_of(one.country or "", "en"), one) for one in sales.abroad),
        ("Own country", sales.home),
        ("Outside of the EU", sales.outside),
        ("Not known: no address", sales.unknown),
    ]
    echo_table(
        ("COUNTRY", "DOCUMENTS", "WITHOUT VAT"),
        [(name, str(one.documents), format_amount(one.net, view.currency)) for name, one in rows],
    )
    threshold = format_amount(eu_sales.THRESHOLD, "eur")
    click.echo(
        f"Other countries of the EU: {format_amount(sales.net_abroad, view.currency)}, {sales.percent}% of {threshold}."
    )
