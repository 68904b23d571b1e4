"""Verifies the numbers and dates of receipts and credit notes: none is missing or issued twice, the counters agree."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Row, text

from lumira.clock import utc_now
from lumira.database import db, plan_for_values
from lumira.domain.due_receipts import MAX_DATE_AHEAD

#: A document that is dated later after its payment or refund is mentioned: Stripe retries an event for three days.
_LATE = timedelta(days=3)
#: Numbers that one statement verifies: each takes some microseconds, and a statement may take a minute.
BATCH = 100_000

# One statement, and so one snapshot: a receipt that is issued meanwhile is counted in both figures or in none. It has
# a number after the last one of this snapshot, and no receipt is ever changed, so the batches need no snapshot.
_SERIES = text(
    """
    WITH issued AS (
        SELECT kind AS series, livemode, year, max(number) AS last
        FROM receipts WHERE tenant_id = :tenant_id GROUP BY kind, livemode, year
    ), counted AS (
        SELECT series, livemode, year, last_number FROM receipt_counters WHERE tenant_id = :tenant_id
    )
    SELECT series, livemode, year, coalesce(last, 0) AS last, coalesce(last_number, 0) AS counted
    FROM issued FULL JOIN counted USING (series, livemode, year)
    ORDER BY series DESC, year, livemode DESC
    """
)

# The document before the batch is read again, so that the first one of the batch is compared with it.
_DISAGREEMENTS = text(
    """
    WITH numbered AS (
        SELECT number, label, issued_at, time_zone, year, amount,
            (SELECT sum((line ->> 'amount')::bigint) FROM jsonb_array_elements(lines) AS line) AS lines_amount,
            lag(number, 1, 0) OVER (ORDER BY number) AS before, lag(issued_at) OVER (ORDER BY number) AS issued_before
        FROM receipts
        WHERE tenant_id = :tenant_id AND kind = :series AND livemode = :livemode AND year = :year
            AND number BETWEEN :previous AND :until
    )
    SELECT sentence FROM numbered CROSS JOIN LATERAL (VALUES
        (1, CASE WHEN number = before THEN 'issued twice'
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
    CROSS JOIN LATERAL (SELECT label || ': ' || reason AS sentence) AS sentences
    WHERE reason IS NOT NULL AND number > :after
    ORDER BY rule, number
    """
)

_PREVIOUS = text(
    "SELECT coalesce(max(number), 0) FROM receipts WHERE tenant_id = :tenant_id AND kind = :series "
    "AND livemode = :livemode AND year = :year AND number <= :after"
)

# A remark and no error: a document of a review, or of `receipts issue`, is late for a reason. One line for each series.
_LATE_DOCUMENTS = text(
    """
    SELECT count(*) || CASE WHEN count(*) = 1 THEN ' document of ' ELSE ' documents of ' END || series
        || CASE WHEN livemode THEN ' ' ELSE ' of test mode ' END || year
        || ': dated more than 3 days after the payment or refund, the first is '
        || (array_agg(label ORDER BY number))[1] AS sentence
    FROM (SELECT *, kind AS series FROM receipts WHERE tenant_id = :tenant_id) AS documents
    WHERE issued_at > moved_at + :late
    GROUP BY series, livemode, year ORDER BY year, livemode DESC, series DESC
    """
)


def verify(tenant_id: int) -> list[str]:
    """Return a sentence for every error; an empty list if there is none. Correct also while receipts are issued."""
    plan_for_values()
    sentences: list[str] = []
    for series in db.session.execute(_SERIES, {"tenant_id": tenant_id}).all():
        for after in range(0, series.last, BATCH):
            sentences += _verify_batch(tenant_id, series, after)
        if series.last != series.counted:
            mode = " " if series.livemode else " of test mode "
            sentences.append(
                f"{series.series}{mode}{series.year}: counted to {series.counted}, "
                f"but the last number issued is {series.last}"
            )
    return sentences


def _verify_batch(tenant_id: int, series: Row[tuple[str, bool, int, int, int]], after: int) -> Iterator[str]:
    """Verify the numbers after `after`, as many as a batch holds."""
    values = {
        "tenant_id": tenant_id,
        "series": series.series,
        "livemode": series.livemode,
        "year": series.year,
        "after": after,
    }
    values |= {
        # Most series of most tenants are one batch, which nothing precedes.
        "previous": db.session.execute(_PREVIOUS, values).scalar_one() if after else 0,
        "until": min(after + BATCH, series.last),
        "latest": utc_now() + MAX_DATE_AHEAD,
    }
    return iter(db.session.execute(_DISAGREEMENTS, values).scalars().all())


def list_late(tenant_id: int) -> list[str]:
    """Return a sentence for every series with documents that are dated days after their payment or refund.

    They were issued late, or a clock that was ahead had dated an earlier document of their series.
    """
    values = {"tenant_id": tenant_id, "late": _LATE}
    return [row.sentence for row in db.session.execute(_LATE_DOCUMENTS, values)]


def count_documents(tenant_id: int) -> int:
    """Return how many receipts and credit notes the tenant has issued."""
    query = text("SELECT count(*) FROM receipts WHERE tenant_id = :tenant_id")
    return int(db.session.execute(query, {"tenant_id": tenant_id}).scalar_one())
