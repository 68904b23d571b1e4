"""Proof of stock: figures are the sums of their movements, and movements agree with reservations."""

from dataclasses import dataclass

from sqlalchemy import text

from lumira.database import db


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One figure that differs from the sum it should be."""

    product_id: str
    #: `None` for a figure of the product as a whole.
    order_number: str | None
    figure: str
    actual: str
    expected: str

    def __str__(self) -> str:
        order = f" for order {self.order_number}" if self.order_number else ""
        return f"{self.product_id}{order}: {self.figure} {self.actual}, should be {self.expected}"


# One statement, and so one snapshot: a sale that is committed meanwhile is in all of these figures or in none.
_DISAGREEMENTS = text(
    """
    WITH moved AS (
        SELECT product_id, order_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(sold) AS sold
        FROM stock_movements WHERE tenant_id = :tenant_id GROUP BY product_id, order_id
    ), ordered AS (
        SELECT product_id, order_id, state,
            CASE state WHEN 'sold' THEN restocked - quantity ELSE 0 END AS on_hand,
            CASE state WHEN 'reserved' THEN quantity ELSE 0 END AS reserved,
            CASE state WHEN 'sold' THEN quantity - restocked ELSE 0 END AS sold
        FROM stock_reservations WHERE tenant_id = :tenant_id
    ), sums AS (
        SELECT product_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(sold) AS sold
        FROM moved GROUP BY product_id
    ), by_orders AS (
        SELECT product_id, sum(reserved) AS reserved, sum(sold) AS sold FROM ordered GROUP BY product_id
    )
    SELECT product_id, NULL AS order_number, figure, actual::text, coalesce(expected, 0)::text AS expected
    FROM stock_items
    LEFT JOIN sums USING (product_id)
    LEFT JOIN by_orders USING (product_id)
    CROSS JOIN LATERAL (VALUES
        ('on hand (by its movements)', stock_items.on_hand, sums.on_hand),
        ('reserved (by its movements)', stock_items.reserved, sums.reserved),
        ('sold (by its movements)', stock_items.sold, sums.sold),
        ('reserved (by its orders)', stock_items.reserved, by_orders.reserved),
        ('sold (by its orders)', stock_items.sold, by_orders.sold)
    ) AS figures (figure, actual, expected)
    WHERE tenant_id = :tenant_id AND actual <> coalesce(expected, 0)
    UNION ALL
    SELECT product_id, orders.order_number, 'moved (on hand, reserved, sold)',
        concat_ws(', ', coalesce(moved.on_hand, 0), coalesce(moved.reserved, 0), coalesce(moved.sold, 0)),
        concat_ws(', ', coalesce(ordered.on_hand, 0), coalesce(ordered.reserved, 0), coalesce(ordered.sold, 0))
            || ' (' || coalesce(ordered.state, 'no reservation') || ')'
    FROM ordered
    FULL JOIN (SELECT * FROM moved WHERE order_id IS NOT NULL) AS moved USING (product_id, order_id)
    LEFT JOIN orders ON orders.tenant_id = :tenant_id AND orders.id = order_id
    WHERE (coalesce(moved.on_hand, 0), coalesce(moved.reserved, 0), coalesce(moved.sold, 0))
        <> (coalesce(ordered.on_hand, 0), coalesce(ordered.reserved, 0), coalesce(ordered.sold, 0))
    ORDER BY 1, 2 NULLS FIRST, 3
    """
)


def verify(tenant_id: int) -> list[Disagreement]:
    """Return every figure that disagrees; an empty list if all agree. Correct while sales run."""
    rows = db.session.execute(_DISAGREEMENTS, {"tenant_id": tenant_id})
    return [Disagreement(*row) for row in rows]
