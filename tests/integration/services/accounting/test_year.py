"""A generated year: what is booked equals the documents, Stripe's balance and the bank account, to the cent."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.domain.books_check import Compared
from lumira.domain.csv_headings import CsvFile
from lumira.errors import InvalidRequest
from lumira.errors.files import RenderingUnavailable
from lumira.models import BalanceTransaction, Language, Receipt, ReceiptKind
from lumira.services.accounting.check_books import check_books
from lumira.services.accounting.export_csv import export_csv
from lumira.services.accounting.export_fec import export_fec
from lumira.services.accounting.period import Period
from lumira.services.accounting.view_accounting import view_accounting
from lumira.services.accounting.write_documents import write_documents
from tests.support import fec
from tests.support.ledger_year import YEAR, Year, make_seller, make_year

pytestmark = pytest.mark.usefixtures("app_context")

WHOLE = Period(date(YEAR, 1, 1), date(YEAR, 12, 31))


@pytest.fixture(scope="module")
def year(app, sandbox) -> Iterator[Year]:
    with app.app_context():
        brand = make_seller(sandbox.url, accounts={"stripe": "511700"})
        yield make_year(brand)


def exported(year: Year, period: Period = WHOLE) -> bytes:
    return b"".join(export_fec(year.brand.id, period, actor="test").content)


def documents_of(year: Year) -> list[Receipt]:
    with atomic(year.brand.id):
        query = select(Receipt).where(Receipt.tenant_id == year.brand.id)
        return list(db.session.execute(query).scalars())


def test_the_books_of_a_year_equal_documents_balance_and_bank_to_the_cent(year: Year) -> None:
    lines = fec.parse(exported(year))
    sums = Counter[str]()
    for line in lines:
        sums[line.account] += line.amount

    assert sums["511700"] == year.balance
    assert sums["512000"] == year.bank
    assert sums["580000"] == 0
    assert sums["627800"] + sums["445660"] == year.fees
    assert sums["471000"] == -321

    documents = documents_of(year)
    assert {document.kind for document in documents} == set(ReceiptKind)
    sales = [line for line in lines if line.journal == "VE" and line.account == "411000"]
    in_euros = {document.label: document for document in documents if document.currency == "eur"}
    for rate, account in (("20.00", "445711"), ("5.50", "445713")):
        of_rate = [one for one in in_euros.values() if one.seller["vat_rate"] == rate]
        booked = sum(line.amount for line in lines if line.account == account and line.piece in in_euros)
        assert booked == -sum(document.signed_vat for document in of_rate) != 0
    for line in sales:
        if line.piece in in_euros:
            assert line.amount == in_euros[line.piece].signed_amount
    assert len(sales) == len(documents)
    [in_dollars] = [line for line in sales if line.piece not in in_euros]
    assert in_dollars.foreign.endswith(" USD")
    assert sums["708500"] < 0
    assert sums["707000"] < 0
    assert sums["706000"] < 0


def test_each_document_is_dated_by_the_sellers_calendar(year: Year) -> None:
    days = {
        document.label: document.issued_at.astimezone(ZoneInfo("Europe/Paris")).date()
        for document in documents_of(year)
    }
    booked = {line.piece: line.day for line in fec.parse(exported(year)) if line.journal == "VE"}
    assert booked == days


def test_a_fee_that_changes_later_is_a_further_entry_and_the_exported_file_stays(year: Year) -> None:
    before = exported(year)
    with atomic(year.brand.id):
        row = db.session.execute(
            select(BalanceTransaction)
            .where(
                BalanceTransaction.tenant_id == year.brand.id,
                BalanceTransaction.type == "charge",
            )
            .order_by(BalanceTransaction.stripe_balance_transaction_id)
            .limit(1)
        ).scalar_one()
        change = {"fee": (row.fee or 0) + 50, "net": (row.net or 0) - 50}
        db.session.execute(
            update(BalanceTransaction)
            .where(
                BalanceTransaction.tenant_id == year.brand.id,
                BalanceTransaction.stripe_balance_transaction_id == row.stripe_balance_transaction_id,
            )
            .values(change)
        )

    [stripe] = [one for one in check_books(year.brand.id, WHOLE) if one.what is Compared.STRIPE]
    assert (stripe.matches, stripe.booked - stripe.expected) == (False, 50)

    following = Period(date(YEAR + 1, 1, 1), date(YEAR + 1, 1, 31))
    corrections = [line for line in fec.parse(exported(year, following)) if line.journal == "ST"]
    assert {line.account: line.amount for line in corrections} == {"627800": 50, "511700": -50}
    assert {line.day for line in corrections} == {date(YEAR + 1, 1, 1)}
    assert all(line.label.startswith("Rectification") for line in corrections)
    assert exported(year) == before


def test_the_check_compares_every_sum_and_names_what_waits_for_the_accountant(year: Year) -> None:
    half = Period(date(YEAR, 1, 1), date(YEAR, 6, 30))
    found = check_books(year.brand.id, half)
    assert {one.what for one in found} == {Compared.SALES, Compared.VAT, Compared.STRIPE, Compared.BANK}
    assert [one for one in found if not one.matches and one.what is not Compared.STRIPE] == []
    whole = {one.what: one for one in check_books(year.brand.id, WHOLE)}
    assert whole[Compared.SUSPENSE].expected == -321


def test_the_files_list_every_document_and_their_totals(year: Year) -> None:
    def rows(what: CsvFile) -> list[list[str]]:
        text = "".join(
            part for part, _ in export_csv(year.brand.id, what, WHOLE, Language.ENGLISH, actor="test")
        )
        return [line.strip('"').split('","') for line in text.removeprefix("\ufeff").splitlines()]

    heading, *sales = rows(CsvFile.SALES)
    documents = documents_of(year)
    assert heading[:2] == ["Date", "Number"]
    assert {row[1] for row in sales} == {document.label for document in documents}
    assert sum(round(float(row[4]) * 100) for row in sales) == sum(d.signed_amount for d in documents)
    _, *totals = rows(CsvFile.TOTALS)
    assert sum(round(float(row[11]) * 100) for row in totals) == sum(d.signed_vat for d in documents)
    assert [row[0] for row in totals] == sorted(row[0] for row in totals)
    _, *movements = rows(CsvFile.MOVEMENTS)
    assert movements
    assert len(rows(CsvFile.PAYOUTS)) > 10


def test_the_archive_has_every_document_and_names_one_that_cannot_be_rendered(year: Year) -> None:
    refused = documents_of(year)[3].label

    def render(document: Receipt) -> bytes:
        if document.label == refused:
            raise RenderingUnavailable("no font")
        return f"%PDF {document.label}".encode()

    files = [BytesIO(), BytesIO()]
    for file in files:
        written = write_documents(file, year.brand.id, WHOLE, Language.FRENCH, actor="test", render=render)
    assert written.missing == (refused,)
    assert files[0].getvalue() == files[1].getvalue()
    with ZipFile(files[0]) as archive:
        names = set(archive.namelist())
        listed = archive.read("liste.csv").decode("utf-8-sig")
    expected = {document.file_name for document in documents_of(year) if document.label != refused}
    assert names == expected | {"liste.csv"}
    [row] = [line for line in listed.splitlines() if line.startswith(f'"{refused}"')]
    assert "no font" in row
    assert len(listed.splitlines()) == len(documents_of(year)) + 1


def test_the_page_shows_sales_to_other_countries_of_the_eu_and_what_is_not_known(year: Year) -> None:
    view = view_accounting(year.brand.id, WHOLE)
    eu = view.eu_sales
    assert [sales.country for sales in eu.abroad] == ["BE"]
    assert eu.net_abroad > 0
    assert eu.unknown.documents > 0
    assert eu.outside.documents > 0
    parts = (eu.net_abroad, eu.home.net, eu.outside.net, eu.unknown.net)
    in_euros = [document for document in documents_of(year) if document.currency == "eur"]
    assert sum(parts) == sum(d.signed_amount - d.signed_vat for d in in_euros)


def test_a_day_that_has_not_ended_is_refused_and_changes_nothing(year: Year) -> None:
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    with pytest.raises(InvalidRequest, match="Choose an earlier last day"):
        export_fec(year.brand.id, Period(today - timedelta(days=3), today), actor="test")
