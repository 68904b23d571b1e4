"""The FEC: what stands in its lines."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from lumira.domain import fec
from lumira.domain.accounts import Accounts
from lumira.models import Journal, LedgerEntry, LedgerEvent
from tests.support.fec import parse

PARIS = ZoneInfo("Europe/Paris")


def entry(**changes: object) -> LedgerEntry:
    values = {
        "journal": Journal.SALES,
        "year": 2026,
        "number": 7,
        "entry_date": date(2026, 2, 28),
        "event": LedgerEvent.SALE,
        "source_id": "1",
        "revision": 0,
        "piece": "LUM-R-2026-000123",
        "piece_date": date(2026, 2, 28),
        "order_number": "LUM-ABCDEFGHJK",
        "roles": ["goods", "customer", "vat:5.50"],
        "amounts": [-1000, 1055, -55],
        "posted_at": datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
    }
    return LedgerEntry(**(values | changes))


def written(one: LedgerEntry) -> bytes:
    return "".join([fec.heading(), *fec.lines_of(one, Accounts("732829320"), PARIS)]).encode(fec.ENCODING)


def test_a_sale_has_its_lines_in_the_eighteen_columns() -> None:
    lines = written(entry()).decode(fec.ENCODING).split("\r\n")
    assert lines[1].split("\t") == [
        *("VE", "Ventes", "VE2026-000007", "20260228", "411000", "Clients"),
        *("LUM-ABCDEFGHJK", "Commande LUM-ABCDEFGHJK", "LUM-R-2026-000123", "20260228"),
        *("Vente LUM-ABCDEFGHJK", "10,55", "0,00", "", "", "20260302", "", ""),
    ]
    assert [line.account for line in parse(written(entry()))] == ["411000", "707000", "445713"]


def test_separators_and_line_breaks_in_a_value_do_not_break_the_file() -> None:
    [customer, *_] = parse(written(entry(piece="A|B\tC\r\nD\x00\u2028E \u4e2d")))
    assert customer.piece == "A B C D E ?"


def test_an_amount_in_another_currency_stands_with_the_customer_only() -> None:
    lines = parse(written(entry(foreign_amount=1200, foreign_currency="usd")))
    assert [line.foreign for line in lines] == ["12,00 USD", "", ""]
    yen = parse(written(entry(amounts=[1000, -1055, 55], foreign_amount=-1700, foreign_currency="jpy")))
    assert [line.foreign for line in yen if line.foreign] == ["1700 JPY"]


def test_a_correction_says_that_it_is_one() -> None:
    assert all(line.label.startswith("Rectification : ") for line in parse(written(entry(revision=1))))


def test_the_file_is_named_by_siren_and_last_day_and_one_of_test_mode_says_so() -> None:
    day = date(2026, 12, 31)
    assert fec.file_name("732829320", day, livemode=True) == "732829320FEC20261231.txt"
    assert fec.file_name("732829320", day, livemode=False) == "TEST-732829320FEC20261231.txt"
