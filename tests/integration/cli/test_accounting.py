"""`flask accounting`: files for the accountant, and their check."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, BalanceTransaction, Receipt, Tenant
from lumira.services.accounting.watch_eu_sales import watch_eu_sales
from tests.support import fec
from tests.support.factories import Brand, count, make_brand
from tests.support.ledger_year import YEAR, make_seller, make_year

pytestmark = pytest.mark.usefixtures("app_context")

PERIOD = ("--year", str(YEAR))


@pytest.fixture(scope="module")
def brand(app: Flask, sandbox) -> Iterator[Brand]:
    with app.app_context():
        made = make_seller(sandbox.url)
        make_year(made, sales=0)
        yield made


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["accounting", *arguments])


def test_a_fec_is_written_under_its_prescribed_name(app, brand, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(app, "fec", "--tenant", brand.slug, *PERIOD)
    assert (result.exit_code, result.output) == (0, f"Written to 732829320FEC{YEAR}1231.txt.\n")
    assert fec.parse((tmp_path / f"732829320FEC{YEAR}1231.txt").read_bytes())
    assert "is not overwritten" in run(app, "fec", "--tenant", brand.slug, *PERIOD).output


def test_the_check_prints_each_comparison_and_fails_if_a_fee_has_changed(app, brand) -> None:
    matching = run(app, "check", "--tenant", brand.slug, *PERIOD)
    assert matching.exit_code == 0, matching.output
    for text in (
        "Receipts less credit notes",
        "VAT at 20.00%",
        "Balance at Stripe",
        "Payouts that arrived",
        "look at it",
    ):
        assert text in matching.output
    with atomic(brand.id):
        db.session.execute(
            update(BalanceTransaction)
            .where(BalanceTransaction.tenant_id == brand.id, BalanceTransaction.type == "stripe_fee")
            .values(amount=-200, net=-200)
        )
    result = run(app, "check", "--tenant", brand.slug, *PERIOD)
    assert result.exit_code == 1
    assert "do not match" in result.output


def test_documents_of_a_period_are_rendered_into_one_file(app, brand, tmp_path: Path) -> None:
    target = tmp_path / "january.zip"
    result = run(app, "documents", "--tenant", brand.slug, "--month", f"{YEAR}-02", "-o", str(target))
    assert result.exit_code == 0, result.output
    with ZipFile(target) as archive:
        *pdfs, index = archive.namelist()
        assert pdfs
        assert all(archive.read(name).startswith(b"%PDF") for name in pdfs)
        assert index == "liste.csv"


def test_csv_is_printed_and_a_wrong_period_is_one_line(app, brand) -> None:
    printed = run(app, "export", "sales", "--tenant", brand.slug, *PERIOD, "--language", "en").output
    assert len(printed.splitlines()) == count(brand, Receipt) + 1
    wrong = run(app, "export", "totals", "--tenant", brand.slug, "--from", "2026-02-01", "--to", "2026-01-01")
    assert (wrong.exit_code, wrong.output) == (1, "Error: The last day is before the first.\n")
    for period in ((), ("--year", "2026", "--month", "2026-01"), ("--from", "2026-01-01")):
        refused = run(app, "export", "totals", "--tenant", brand.slug, *period)
        assert (refused.exit_code, "Name one period" in refused.output) == (2, True)


def test_sales_in_the_eu_are_printed_and_alert_once_at_each_share(app, brand, monkeypatch) -> None:
    printed = run(app, "eu-sales", "--tenant", brand.slug, "--year", str(YEAR)).output
    assert "of 10000.00 EUR" in printed
    assert "Not known: no address" in printed

    watch_eu_sales(brand.id)
    assert count(brand, Alert, kind=AlertKind.EU_SALES_THRESHOLD) == 0
    in_june = datetime(YEAR, 6, 1, tzinfo=UTC)
    monkeypatch.setattr("lumira.services.accounting.watch_eu_sales.utc_now", lambda: in_june)
    monkeypatch.setattr("lumira.domain.eu_sales.THRESHOLD", 100)
    watch_eu_sales(brand.id)
    watch_eu_sales(brand.id)
    assert count(brand, Alert, kind=AlertKind.EU_SALES_THRESHOLD, subject=f"{YEAR} 100%") == 1


def test_brands_that_share_an_account_book_their_own_part_only(app, sandbox, tmp_path: Path) -> None:
    shared = make_seller(sandbox.url, shared_stripe_account=True)
    year = make_year(shared, sales=0, seed=3)
    result = run(app, "check", "--tenant", shared.slug, *PERIOD)
    assert result.exit_code == 0, result.output
    assert "for the accountant" not in result.output
    target = tmp_path / "shared.txt"
    run(app, "fec", "--tenant", shared.slug, *PERIOD, "-o", str(target))
    sums = Counter[str]()
    for line in fec.parse(target.read_bytes()):
        sums[line.account] += line.amount
    # The fees of the account and a correction of Stripe are of no order.
    assert 0 < sums["512000"] != year.bank
    assert sums["471000"] == 0


def test_without_a_siren_or_in_another_currency_the_error_says_what_to_do(app, sandbox) -> None:
    other = make_brand(sandbox_url=sandbox.url, stripe=False)
    assert "set vat_number in [tenant.seller]" in run(app, "fec", "--tenant", other.slug, *PERIOD).output
    with atomic(other.id):
        db.session.execute(update(Tenant).where(Tenant.id == other.id).values(currency="chf"))
    assert "export the CSV files instead" in run(app, "check", "--tenant", other.slug, *PERIOD).output


@pytest.mark.parametrize("command", ["fec", "documents", "check", "export"])
def test_a_year_without_end_or_begin_is_refused(app, brand, tmp_path: Path, command: str) -> None:
    options = {"export": ("sales",), "documents": ("-o", str(tmp_path / "all.zip"))}.get(command, ())
    for period in (("--year", "9999"), ("--from", "0001-01-01", "--to", "0001-01-31")):
        result = run(app, command, "--tenant", brand.slug, *period, *options)
        assert (result.exit_code, "A period begins on 1970-01-02" in result.output) == (1, True)
