"""Verifies the numbers and dates of receipts and credit notes: none is missing or issued twice, the counters agree."""

from datetime import timedelta

from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.due_receipts import MAX_DATE_AHEAD

#: A document that is dated later after its payment or refund is mentioned: Stripe retries an event for three days.
_LATE = timedelta(days=3)

# One statement, and so one snapshot: a receipt that is issued meanwhile is in all parts of it or in none.
_DISAGREEMENTS = text(
    """
    WITH numbered AS (
        SELECT kind AS series, livemode, year, number, label, issued_at, time_zone, amount,
            (SELECT sum((line ->> 'amount')::bigint) FROM jsonb_array_elements(lines) AS line) AS lines_amount,
            lag(number, 1, 0) OVER series_of_year AS before, lag(issued_at) OVER series_of_year AS issued_before
        FROM receipts WHERE tenant_id = :tenant_id
        WINDOW series_of_year AS (PARTITION BY kind, livemode, year ORDER BY number)
    ), issued AS (
        SELECT series, livemode, year, max(number) AS last FROM numbered GROUP BY series, livemode, year
    ), counted AS (
        SELECT series, livemode, year, last_number FROM receipt_counters WHERE tenant_id = :tenant_id
    )
    SELECT 1, series, year, number, label || ': '
        || CASE WHEN number = before THEN 'issued twice'
            WHEN number = before + 2 THEN 'the number before it is missing'
            ELSE (number - before - 1) || ' numbers before it are missing' END AS sentence
    FROM numbered WHERE number <> before + 1
    UNION ALL
    SELECT 2, series, year, number, label || ': issued before its predecessor'
    FROM numbered WHERE issued_at < issued_before
    UNION ALL
    SELECT 3, series, year, number, label || ': issued in another year of its time zone'
    FROM numbered WHERE extract(year FROM issued_at AT TIME ZONE time_zone) <> year
    UNION ALL
    SELECT 6, series, year, number, label || ': dated in the future, '
        || to_char(issued_at AT TIME ZONE time_zone, 'YYYY-MM-DD HH24:MI')
        || ': a clock is or was ahead, and the series keeps this date until then'
    FROM numbered WHERE issued_at > :latest
    UNION ALL
    SELECT 5, series, year, number, label || ': its lines add up to ' || coalesce(lines_amount, 0) || ', not ' || amount
        || ' (minor units)'
    FROM numbered WHERE lines_amount IS DISTINCT FROM amount
    UNION ALL
    SELECT 4, series, year, 0, series || CASE WHEN livemode THEN ' ' ELSE ' of test mode ' END
        || year || ': counted to ' || coalesce(last_number, 0)
        || ', but the last number issued is ' || coalesce(last, 0)
    FROM issued FULL JOIN counted USING (series, livemode, year) WHERE last IS DISTINCT FROM last_number
    ORDER BY 1, 2 DESC, 3, 4
    """
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
    values = {"tenant_id": tenant_id, "latest": utc_now() + MAX_DATE_AHEAD}
    return [row.sentence for row in db.session.execute(_DISAGREEMENTS, values)]


def list_late(tenant_id: int) -> list[str]:
    """Return a sentence for every series with documents that are dated days after their payment or refund.

    They were issued late, or a clock that was ahead had dated an earlier document of their series.
    """
    values = {"tenant_id": tenant_id, "late": _LATE}
    return [row.sentence for row in db.session.execute(_LATE_DOCUMENTS, values)]
