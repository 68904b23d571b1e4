"""Verifies the closings: their chain, their sums, and that they state the documents."""

from collections.abc import Iterator
from datetime import timedelta

from lumira.database import atomic
from lumira.domain.hash_chain import GENESIS, next_digest
from lumira.domain.receipt_totals import Closing, Totals, add, month_of
from lumira.models import ClosingPeriod, ReceiptClosing
from lumira.repositories.hash_chains import CLOSINGS
from lumira.repositories.receipts import receipt_closings
from lumira.services.chains import heads
from lumira.services.receipts.verified import Verified

#: Closings of one transaction: more than a year has.
PAGE = 500


class _Sums:
    """What the next closing of each period must state, after those that were read."""

    def __init__(self) -> None:
        self.perpetual: Totals = ()
        self._of_month: Totals = ()
        self._of_year: Totals = ()

    def problem_of(self, closing: Closing, previous: Closing | None) -> str | None:
        """Return what is wrong with the sums of a closing that follows `previous`; a month follows its last day."""
        if closing.period == ClosingPeriod.DAY:
            self.perpetual = add((*self.perpetual, *closing.totals))
            self._of_month = add((*self._of_month, *closing.totals))
            if (
                previous
                and previous.period == ClosingPeriod.DAY
                and closing.first_day != previous.first_day + timedelta(days=1)
            ):
                return "a day before it is not closed"
        elif closing.period == ClosingPeriod.MONTH:
            expected, self._of_month = self._of_month, ()
            self._of_year = add((*self._of_year, *expected))
            if (
                closing.totals != expected
                or previous is None
                or month_of(previous.first_day) != closing.first_day
            ):
                return "it is not the sum of its days"
        else:
            expected, self._of_year = self._of_year, ()
            if closing.totals != expected:
                return "it is not the sum of its months"
        return (
            None if closing.perpetual == self.perpetual else "its perpetual total is not the sum of all days"
        )


def verify_closings(tenant_id: int, result: Verified) -> None:
    """Verify every closing of the tenant, and add to the result what is wrong. Raises `StorageUnavailable`."""
    sums = _Sums()
    previous: Closing | None = None
    last_day: Closing | None = None
    digest, sequence = GENESIS, 0
    for row, closing in _list_closings(tenant_id):
        problem = sums.problem_of(closing, previous)
        if row.sequence != sequence + 1:
            problem = "a closing before it is missing"
        elif next_digest(digest, closing.text()) != row.digest:
            problem = "it was changed after it was made"
        if problem:
            result.errors.append(f"the closing of the {closing.period} {closing.first_day}: {problem}")
        previous, digest, sequence = closing, row.digest, row.sequence
        last_day = closing if closing.period == ClosingPeriod.DAY else last_day
    if last_day is not None:
        with atomic(tenant_id):
            summed = receipt_closings.sum_until(tenant_id, last_day.last_numbers)
        if summed != last_day.perpetual:
            result.errors.append(
                f"the closing of the day {last_day.first_day}: its perpetual total is not that of the documents"
            )
        result.errors += heads.compare(CLOSINGS, tenant_id).differences


def _list_closings(tenant_id: int) -> Iterator[tuple[ReceiptClosing, Closing]]:
    after = 0
    while True:
        with atomic(tenant_id):
            page = receipt_closings.list_page(tenant_id, after=after, limit=PAGE)
            closings = [receipt_closings.closing_of(row) for row in page]
        yield from zip(page, closings, strict=True)
        if len(page) < PAGE:
            return
        after = page[-1].sequence
