"""Verifies the numbers and dates of receipts and credit notes: none is missing or issued twice, the counters agree."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import db, plan_for_values
from lumira.domain.due_receipts import MAX_DATE_AHEAD
from lumira.repositories.receipts.skipped_receipts import SkippedNumbers, list_skipped

#: A document that is dated later after its payment or refund is mentioned: Stripe retries an event for three days.
_LATE = timedelta(days=3)
#: Documents that one statement verifies: each takes some microseconds, and a statement may take a minute.
BATCH = 100_000

# One statement, and so one snapshot: a receipt that is issued meanwhile is counted in both figures or in none. It has
# a number after the last one of this snapshot, and no receipt is ever changed, so the batches need no snapshot.
_SERIES = text(
    """
    WITH issued AS (
        SELECT kind AS series, livemode, year, max(number) AS last, count(*) AS documents,
            count(*) FILTER (WHERE issued_at > moved_at + :late) AS late,
            min(number) FILTER (WHERE issued_at > moved_at + :late) AS first_late
        FROM receipts WHERE tenant_id = :tenant_id GROUP BY kind, livemode, year
    ), counted AS (
        SELECT series, livemode, year, last_number FROM receipt_counters WHERE tenant_id = :tenant_id
    )
    SELECT series, livemode, year, coalesce(last, 0) AS last, coalesce(last_number, 0) AS counted,
        coalesce(documents, 0) AS documents, coalesce(late, 0) AS late,
        (SELECT label FROM receipts AS r WHERE r.tenant_id = :tenant_id AND r.kind = series AND r.livemode = s.livemode
            AND r.year = s.year AND r.number = first_late) AS first_late
    FROM (issued FULL JOIN counted USING (series, livemode, year)) AS s
    ORDER BY year, livemode DESC, series DESC
    """
)

# Most documents agree: one condition leaves out all of those, and only the others get sentences. The document before
# the batch is read again, so that the first one of the batch is compared with it.
_DISAGREEMENTS = text(
    """
    WITH page AS (
        SELECT kind, livemode, year, number, label, issued_at, time_zone, amount, lines FROM receipts
        WHERE tenant_id = :tenant_id AND (kind, livemode, year, number) >= (:kind, :livemode, :year, :number)
        ORDER BY kind, livemode, year, number LIMIT :limit
    ), numbered AS (
        SELECT *, lag(number, 1, 0) OVER series AS before, lag(issued_at) OVER series AS issued_before,
            CASE jsonb_array_length(lines) WHEN 1 THEN (lines -> 0 ->> 'amount')::bigint ELSE
                (SELECT sum((line ->> 'amount')::bigint) FROM jsonb_array_elements(lines) AS line)
            END AS lines_amount
        FROM page WINDOW series AS (PARTITION BY kind, livemode, year ORDER BY number)
    ), skipped AS (
        SELECT * FROM jsonb_to_recordset(CAST(:skipped AS jsonb))
            AS numbers (kind text, livemode boolean, year integer, first integer, last integer)
    ), placed AS (
        SELECT *, number = before + 1 OR EXISTS (
            SELECT FROM skipped AS s WHERE (s.kind, s.livemode, s.year, s.first, s.last)
                = (numbered.kind, numbered.livemode, numbered.year, before + 1, number - 1)
        ) AS is_next
        FROM numbered
    ), differing AS (
        SELECT * FROM placed
        WHERE (kind, livemode, year, number) <> (:kind, :livemode, :year, :number) AND (
            is_next AND (issued_before IS NULL OR issued_at >= issued_before)
            AND extract(year FROM issued_at AT TIME ZONE time_zone) = year
            AND lines_amount = amount AND issued_at <= :latest
        ) IS NOT TRUE
    )
    SELECT label || ': ' || reason AS sentence FROM differing CROSS JOIN LATERAL (VALUES
        (1, CASE WHEN is_next THEN NULL WHEN number = before THEN 'issued twice'
            WHEN number = before + 2 THEN 'the number before it is missing'
            WHEN number <> before + 1 THEN (number - before - 1) || ' numbers before it are missing' END),
        (2, CASE WHEN issued_at < issued_before THEN 'issued before its predecessor' END),
        (3, CASE WHEN extract(year FROM issued_at AT TIME ZONE time_zone) <> year
            THEN 'issued in another year of its time zone' END),
        (4, CASE WHEN lines_amount IS DISTINCT FROM amount
            THEN 'its lines add up to ' || coalesce(lines_amount, 0) || ', not ' || amount || ' (minor units)' END),
        (5, CASE WHEN issued_at > :latest
            THEN 'dated in the future, ' || to_char(issued_at AT TIME ZONE time_zone, 'YYYY-MM-DD HH24:MI')
                || ': a clock is or was ahead, and the series keeps this date until then' END)
    ) AS found (rule, reason)
    WHERE reason IS NOT NULL
    ORDER BY kind DESC, year, livemode DESC, rule, number
    """
)

_LAST_OF_BATCH = text(
    """
    SELECT kind, livemode, year, number FROM receipts
    WHERE tenant_id = :tenant_id AND (kind, livemode, year, number) >= (:kind, :livemode, :year, :number)
    ORDER BY kind, livemode, year, number OFFSET :limit - 1 LIMIT 1
    """
)
#: Before every document.
_FIRST = {"kind": "", "livemode": False, "year": 0, "number": 0}


@dataclass(frozen=True, slots=True)
class Proof:
    """How many documents were verified, and sentences about them."""

    documents: int
    #: A sentence for every error.
    errors: list[str]
    #: A sentence for every series with documents that are dated days after their payment or refund: they were issued
    #: late, or a clock that was ahead had dated an earlier document of their series.
    remarks: list[str]


def verify(tenant_id: int) -> Proof:
    """Verify the documents of a tenant. Correct also while receipts are issued."""
    values = {"tenant_id": tenant_id, "late": _LATE}
    all_series = db.session.execute(_SERIES, values).all()
    skipped = list_skipped(tenant_id)
    documents = sum(series.documents for series in all_series)
    errors = list(_list_disagreements(tenant_id, documents, skipped)) if documents else []
    for series in all_series:
        expected = (series.series, series.livemode, series.year, series.last + 1, series.counted)
        if series.last != series.counted and SkippedNumbers(*expected) not in skipped:
            errors.append(
                f"{_name(series)}: counted to {series.counted}, but the last number issued is {series.last}"
            )
    remarks = [
        f"{series.late} document{'' if series.late == 1 else 's'} of {_name(series)}: dated more than 3 days "
        f"after the payment or refund, the first is {series.first_late}"
        for series in all_series
        if series.late
    ]
    remarks += [
        f"{numbers.kind}{' ' if numbers.livemode else ' of test mode '}{numbers.year}: "
        f"the numbers {numbers.first} to {numbers.last} were skipped by an operator"
        for numbers in skipped
    ]
    return Proof(documents, errors, remarks)


def _list_disagreements(tenant_id: int, documents: int, skipped: Sequence[SkippedNumbers]) -> Iterator[str]:
    values: dict[str, Any] = {
        "skipped": json.dumps([asdict(numbers) for numbers in skipped]),
        "tenant_id": tenant_id,
        "latest": utc_now() + MAX_DATE_AHEAD,
        "limit": BATCH + 1,
        **_FIRST,
    }
    if documents > BATCH:
        plan_for_values()
    while True:
        yield from db.session.execute(_DISAGREEMENTS, values).scalars()
        last = db.session.execute(_LAST_OF_BATCH, values).one_or_none() if documents > BATCH else None
        if last is None:
            return
        values |= last._asdict()


def _name(series: Any) -> str:
    return f"{series.series}{' ' if series.livemode else ' of test mode '}{series.year}"
