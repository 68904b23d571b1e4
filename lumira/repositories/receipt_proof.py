"""Whether the books are whole: no number missing, none twice, and the counters say the same."""

from sqlalchemy import text

from lumira.database import db

# One statement, because that is one snapshot: a receipt that is issued meanwhile is in all of it or in none.
_DISAGREEMENTS = text(
    """
    WITH numbered AS (
        SELECT kind AS series, year, number, label, issued_at, time_zone, amount,
            (SELECT sum((line ->> 'amount')::bigint) FROM jsonb_array_elements(lines) AS line) AS lines_amount,
            lag(number, 1, 0) OVER books AS before, lag(issued_at) OVER books AS issued_before
        FROM receipts WHERE tenant_id = :tenant_id
        WINDOW books AS (PARTITION BY kind, year ORDER BY number)
    ), issued AS (
        SELECT series, year, count(*) AS pieces, max(number) AS last FROM numbered GROUP BY series, year
    ), counted AS (
        SELECT series, year, last_number FROM receipt_counters WHERE tenant_id = :tenant_id
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
    SELECT 5, series, year, number, label || ': its lines make ' || coalesce(lines_amount, 0) || ', not ' || amount
    FROM numbered WHERE lines_amount IS DISTINCT FROM amount
    UNION ALL
    SELECT 4, series, year, 0, series || ' ' || year || ': counted to ' || coalesce(last_number, 0)
        || ', the last that was issued is ' || coalesce(last, 0)
    FROM issued FULL JOIN counted USING (series, year) WHERE last IS DISTINCT FROM last_number
    ORDER BY 1, 2 DESC, 3, 4
    """
)


def verify(tenant_id: int) -> list[str]:
    """A sentence for everything that does not add up, also while sales run; nothing if all is well."""
    return [row.sentence for row in db.session.execute(_DISAGREEMENTS, {"tenant_id": tenant_id})]
