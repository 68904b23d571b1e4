"""Several processes that export at once book everything once, with numbers without gaps."""

from datetime import date

import pytest

from lumira.models import LedgerEntry
from lumira.services.accounting.export_fec import export_fec
from lumira.services.accounting.period import Period
from tests.support import fec
from tests.support.app_threads import in_thread
from tests.support.factories import count
from tests.support.ledger_year import YEAR, make_seller, make_year

pytestmark = pytest.mark.usefixtures("app_context")


def test_four_exports_of_different_periods_at_once_book_each_source_once(app, sandbox) -> None:
    brand = make_seller(sandbox.url)
    make_year(brand, sales=0)
    files: list[bytes] = []

    def export(month: int) -> None:
        period = Period(date(YEAR, 1, 1), date(YEAR, month, 28))
        files.append(b"".join(export_fec(brand.id, period, actor="test").content))

    threads = [in_thread(app, lambda month=month: export(month)) for month in (12, 6, 12, 3)]
    for thread in threads:
        thread.join(timeout=120)
    assert len(files) == 4

    export(12)
    lines = fec.parse(files[-1])
    assert len({line.number for line in lines}) == count(brand, LedgerEntry)
    assert count(brand, LedgerEntry, revision=0) == count(brand, LedgerEntry)
