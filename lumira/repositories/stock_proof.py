"""Whether stock adds up: figures are the sums of their movements, and movements follow what orders have."""

from dataclasses import dataclass

from sqlalchemy import text

from lumira.database import db


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that does not add up: what it is, and what it should be."""

    product_id: str
    #: `None` where it is about the product as a whole.
    order_number: str | None
    what: str
    found: str
    expected: str

    def __str__(self) -> str:
        whose = f" for order {self.order_number}" if self.order_number else ""
        return f"{self.product_id}{whose}: {self.what} {self.found}, should be {self.expected}"


# One statement, because that is one snapshot: a sale that is committed meanwhile is in all of it or in none.
_DISAGREEMENTS = text(
    """
    WITH moved AS (
        SELECT product_id, order_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(sold) AS sold
        FROM stock_movements WHERE tenant_id = :tenant_id GROUP BY product_id, order_id
    ), of_orders AS (
        SELECT product_id, order_id, state,
            CASE state WHEN 'sold' THEN -quantity ELSE 0 END AS on_hand,
            CASE state WHEN 'reserved' THEN quantity ELSE 0 END AS reserved,
            CASE state WHEN 'sold' THEN quantity ELSE 0 END AS sold
        FROM stock_reservations WHERE tenant_id = :tenant_id
    ), sums AS (
        SELECT product_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(sold) AS sold
        FROM moved GROUP BY product_id
    ), kept AS (
        SELECT product_id, sum(reserved) AS reserved, sum(sold) AS sold FROM of_orders GROUP BY product_id
    )
    SELECT product_id, NULL AS order_number, what, found::text, coalesce(expected, 0)::text AS expected
    FROM stock_items
    LEFT JOIN sums USING (product_id)
    LEFT JOIN kept USING (product_id)
    CROSS JOIN LATERAL (VALUES
        ('on hand (by its movements)', stock_items.on_hand, sums.on_hand),
        ('reserved (by its movements)', stock_items.reserved, sums.reserved),
        ('sold (by its movements)', stock_items.sold, sums.sold),
        ('reserved (by its orders)', stock_items.reserved, kept.reserved),
        ('sold (by its orders)', stock_items.sold, kept.sold)
    ) AS figures (what, found, expected)
    WHERE tenant_id = :tenant_id AND found <> coalesce(expected, 0)
    UNION ALL
    SELECT product_id, orders.order_number, 'moved (on hand, reserved, sold)',
        concat_ws(', ', coalesce(moved.on_hand, 0), coalesce(moved.reserved, 0), coalesce(moved.sold, 0)),
        concat_ws(', ', coalesce(of_orders.on_hand, 0), coalesce(of_orders.reserved, 0), coalesce(of_orders.sold, 0))
            || ' (' || coalesce(of_orders.state, 'no reservation') || ')'
    FROM of_orders
    FULL JOIN (SELECT * FROM moved WHERE order_id IS NOT NULL) AS moved USING (product_id, order_id)
    LEFT JOIN orders ON orders.tenant_id = :tenant_id AND orders.id = order_id
    WHERE (coalesce(moved.on_hand, 0), coalesce(moved.reserved, 0), coalesce(moved.sold, 0))
        <> (coalesce(of_orders.on_hand, 0), coalesce(of_orders.reserved, 0), coalesce(of_orders.sold, 0))
    ORDER BY 1, 2 NULLS FIRST, 3
    """
)


def verify(tenant_id: int) -> list[Disagreement]:
    """Everything that does not add up, also while sales run; nothing if all is well."""
    rows = db.session.execute(_DISAGREEMENTS, {"tenant_id": tenant_id})
    return [Disagreement(*row) for row in rows]
