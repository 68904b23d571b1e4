"""`flask receipts …`: receipts and credit notes, and the proof that they are complete."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from zipfile import BadZipFile
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira import __version__
from lumira.cli import receipt_totals
from lumira.cli.common.confirmation import confirm
from lumira.cli.common.files import new_file
from lumira.cli.common.progress import progress
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_long_table
from lumira.cli.common.times import shown
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.documents import receipt_pdf
from lumira.models import Language, Receipt, ReceiptKind
from lumira.money import format_amount
from lumira.repositories.receipts import receipts as receipt_rows
from lumira.services.receipts.archive import verify_archive, write_archive
from lumira.services.receipts.attestation import Signatory, write_attestation
from lumira.services.receipts.skip_numbers import skip_numbers
from lumira.services.receipts.verify_receipts import count_work, verify_receipts
from lumira.settlement.check_receipts import issue_missing

receipts = AppGroup("receipts", help="Receipts and credit notes.")

receipts.add_command(receipt_totals.totals)
receipts.add_command(receipt_totals.closings)

#: Documents that `list` reads at a time.
_PAGE = 1_000
_ACTOR = "operator"
_YEAR = click.IntRange(2000, 9999)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@receipts.command("list")
@click.argument("slug")
@click.option("--year", type=_YEAR, help="Only documents of this year.")
def list_(slug: str, year: int | None) -> None:
    """Print the receipts and credit notes of the tenant SLUG by year, series and number.

    Example: flask receipts list oracle-lumira --year 2026
    """
    echo_long_table(
        ("NUMBER", "ISSUED", "ORDER", "AMOUNT", "VAT", "CORRECTS"), _rows(tenant_id_of(slug), year)
    )


def _rows(tenant_id: int, year: int | None) -> Iterator[tuple[str, ...]]:
    """Read the documents in pages, so that a list of any length takes no more memory than one page."""
    with atomic(tenant_id):
        all_series = receipt_rows.list_series(tenant_id, year=year)
    for series in all_series:
        after, is_last = 0, False
        while not is_last:
            with atomic(tenant_id):
                page = receipt_rows.list_page(series, after=after, limit=_PAGE)
            yield from map(_row, page)
            is_last = len(page) < _PAGE
            after = after if is_last else page[-1].number


def _row(receipt: Receipt) -> tuple[str, ...]:
    sign = -1 if receipt.kind is ReceiptKind.CREDIT_NOTE else 1
    vat = "" if receipt.vat_amount is None else format_amount(sign * receipt.vat_amount, receipt.currency)
    return (
        receipt.label,
        _issued(receipt),
        receipt.order_number,
        format_amount(sign * receipt.amount, receipt.currency),
        vat,
        receipt.corrects_label or "",
    )


def _issued(receipt: Receipt) -> str:
    return shown(receipt.issued_at, ZoneInfo(receipt.time_zone))


@receipts.command("show")
@click.argument("number")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the receipt.")
def show(number: str, slug: str) -> None:
    """Print the receipt or credit note NUMBER, such as LUM-R-2026-000123.

    Example: flask receipts show LUM-R-2026-000123 --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        receipt = receipt_rows.get_by_label(tenant_id, number)
    for name, value in _facts(receipt):
        click.echo(f"{name}: {value}")


def _facts(receipt: Receipt) -> list[tuple[str, str]]:
    facts = [
        ("number", receipt.label),
        ("kind", str(receipt.kind)),
        ("issued", f"{_issued(receipt)} ({receipt.time_zone})"),
        ("order", receipt.order_number),
        ("seller", receipt.seller["legal_name"]),
        ("buyer", ", ".join(receipt.buyer.values()) or "erased or unknown"),
        *(
            (
                "line",
                f"{line['quantity']} x {line['name']}, {format_amount(line['amount'], receipt.currency)}",
            )
            for line in receipt.lines
        ),
        ("amount", format_amount(receipt.amount, receipt.currency)),
    ]
    if receipt.vat_amount is not None:
        facts.append(("VAT included", format_amount(receipt.vat_amount, receipt.currency)))
    if receipt.corrects_label is not None:
        facts.append(("corrects", receipt.corrects_label))
    given = receipt.consents or {}
    if given.get("terms_url"):
        facts.append(("terms accepted", f"{given['terms']}, {given['terms_url']}"))
    if given.get("immediate_delivery"):
        facts.append(("withdrawal", "waived for immediate delivery"))
    return facts


@receipts.command("render")
@click.argument("number")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the receipt.")
@click.option(
    "--output",
    type=_NEW_FILE,
    metavar="FILE",
    help="Where to write the file. [default: its own name in the current folder]",
)
@click.option(
    "--locale",
    type=click.Choice([str(language) for language in Language]),
    default=str(Language.FRENCH),
    show_default=True,
    help="The language of the document.",
)
def render(number: str, slug: str, output: Path | None, locale: str) -> None:
    """Render the PDF of NUMBER, such as LUM-R-2026-000123; every rendering is identical.

    Example: flask receipts render LUM-R-2026-000123 --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        receipt = receipt_rows.get_by_label(tenant_id, number)
    path = output or Path(receipt.file_name)
    content = receipt_pdf.render(receipt, locale=locale)
    with new_file(path) as file:
        file.write(content)
    click.echo(f"Written to {path}.")


@receipts.command("issue")
@tenant_option
def issue(slug: str | None) -> None:
    """Issue missing receipts, for orders from before the tenant's catalog had a [tenant.seller].

    Example: flask receipts issue --tenant oracle-lumira
    """
    issued = 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
        for receipt in issue_missing(tenant_id):
            click.echo(f"{tenant_slug} {receipt.label}: order {receipt.order_number}")
            issued += 1
    click.echo(f"{issued} issued." if issued else "No receipt is missing that can be issued.")


@receipts.command("archive")
@click.argument("slug")
@click.option("--year", type=_YEAR, required=True, help="The year of the documents.")
@click.option(
    "-o", "--output", type=_NEW_FILE, required=True, metavar="FILE", help="Where to write the new file."
)
@click.option("--test-mode", is_flag=True, help="Documents of test mode instead, which state no sale.")
def archive(slug: str, year: int, output: Path, test_mode: bool) -> None:
    """Write the documents and closings of a year of the tenant SLUG to a signed ZIP file.

    `flask receipts verify --archive FILE` verifies it without the database. The audit log names who made it.

    Example: flask receipts archive oracle-lumira --year 2026 -o receipts-2026.zip
    """
    tenant_id = tenant_id_of(slug)
    with new_file(output) as file:
        documents = write_archive(
            file, tenant_id, year, livemode=not test_mode, actor=_ACTOR, software=f"Lumira {__version__}"
        )
    click.echo(f"{_counted(documents, 'document')} written to {output}.")


@receipts.command("attest")
@click.option("--signer", help="Who signs: the legal representative of the editor.")
@click.option("--company", help="The editor: who holds the source code and can change it.")
@click.option("--place", help="Where it is signed.")
@click.option(
    "--lang",
    type=click.Choice([str(language) for language in Language]),
    default=str(Language.FRENCH),
    show_default=True,
    help="The French text is the one to sign.",
)
def attest(signer: str | None, company: str | None, place: str | None, lang: str) -> None:
    """Print a draft of what the editor of the software states to the French tax administration, to read and sign.

    Example: flask receipts attest --company "Maison Lumière SARL" --place Lyon
    """
    signatory = Signatory(signer, company, place)
    text = write_attestation(signatory, version=__version__, day=utc_now().date(), language=Language(lang))
    click.echo(text, nl=False)


def _verify_archive(path: Path) -> None:
    try:
        with path.open("rb") as file:
            verified = verify_archive(file)
    except (BadZipFile, KeyError, ValueError, TypeError) as error:
        raise click.ClickException(f"{path} is no archive of receipts.") from error
    for sentence in verified.errors:
        click.echo(sentence)
    if verified.errors:
        raise click.ClickException(f"{_counted(len(verified.errors), 'error')} in the archive.")
    click.echo(f"The archive is unchanged: {_counted(verified.documents, 'document')}.")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@receipts.command("verify")
@tenant_option
@click.option(
    "--archive",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Verify this archive instead, without the database.",
)
def verify(slug: str | None, path: Path | None) -> None:
    """Check the hash chain, numbers, dates, and amounts against payments and refunds: exit code 0 only if all agree.

    Documents that are dated days after their payment or refund are mentioned, and are no error.

    Example: flask receipts verify --tenant oracle-lumira
    """
    if path is not None:
        _verify_archive(path)
        return
    documents = links = failures = 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with _progress_of(tenant_id, tenant_slug) as on_progress:
            verified = verify_receipts(tenant_id, on_progress)
        for sentence in [*verified.errors, *verified.remarks]:
            click.echo(f"{tenant_slug} {sentence}")
        documents += verified.documents
        links += verified.links
        failures += len(verified.errors)
    if failures:
        raise click.ClickException(f"{_counted(failures, 'error')} in the receipts.")
    click.echo(
        f"The receipts are complete: {_counted(documents, 'document')}. "
        f"{links} {'is' if links == 1 else 'are'} sealed."
    )


@receipts.command("skip")
@click.argument("slug")
@click.option(
    "--numbers", type=click.IntRange(1, 1_000_000), required=True, help="How many numbers of each series."
)
@click.option("--note", required=True, help="Why, for the audit log and the accountant.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def skip(slug: str, numbers: int, note: str, yes: bool) -> None:
    """Leave out the next numbers of the tenant SLUG, after a backup was restored and before a worker starts.

    Documents that were issued after the backup have been sent to buyers with numbers that are free again here. Skip at
    least as many as there can have been. `receipts verify` mentions skipped numbers, and they are no error.

    Example: flask receipts skip boutique --numbers 500 --note "Backup restored"
    """
    tenant_id = tenant_id_of(slug)
    confirm(f"Skip {numbers} numbers of each series of {slug}? It cannot be undone.", is_confirmed=yes)
    for skipped in skip_numbers(tenant_id, numbers, actor="operator", note=note):
        series = f"{skipped.kind.replace('_', ' ')}s{'' if skipped.livemode else ' of test mode'}"
        click.echo(f"{series} of {skipped.year}: {skipped.first} to {skipped.last}")


def _progress_of(tenant_id: int, slug: str) -> AbstractContextManager[Callable[[int], None]]:
    return progress(f"Verifying the receipts of {slug}", lambda: count_work(tenant_id))
