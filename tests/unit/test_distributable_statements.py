"""Which statements tables distributed by tenant can run: the rule that the tests of the application apply to each."""

import pytest

from tests.support.distributable import refusal_of


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT orders.id FROM orders WHERE orders.tenant_id = %(tenant)s",
        "SELECT o.id FROM orders AS o JOIN payments AS p ON p.tenant_id = o.tenant_id WHERE o.tenant_id = %(tenant)s",
        "SELECT id FROM order_lines WHERE (order_lines.tenant_id, order_lines.order_id) IN ((%(a)s, %(b)s))",
        "UPDATE orders SET status = 'paid' WHERE tenant_id = %(tenant)s AND id = 1",
        "INSERT INTO orders (tenant_id, id) VALUES (%(tenant)s, %(id)s) ON CONFLICT DO NOTHING",
        "WITH old AS (SELECT id FROM orders WHERE tenant_id = %(tenant)s) SELECT id FROM old",
        # Every server has these tables whole, or the coordinator alone.
        "SELECT id FROM tenants WHERE slug = 'a'",
        "SELECT id FROM operators WHERE id = 1",
        # A column that is named as a table is.
        "UPDATE products SET active=$1, deliverables=$2 WHERE products.tenant_id = $3 AND products.id = $4",
    ],
)
def test_a_statement_runs_that_names_the_tenant_of_each_table(statement: str) -> None:
    assert refusal_of(statement) is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM orders",
        "UPDATE orders SET status = 'paid' WHERE id = 1",
        "SELECT o.id FROM orders AS o, order_lines AS l WHERE o.tenant_id = %(tenant)s AND l.order_id = o.id",
        "SELECT id FROM orders WHERE tenant_id = %(tenant)s AND EXISTS (SELECT FROM payments WHERE order_id = 1)",
        "SELECT o.id FROM orders AS o JOIN order_lines AS l ON l.tenant_id = o.tenant_id",
        "INSERT INTO orders (id) VALUES (1)",
        "INSERT INTO orders (tenant_id, id) SELECT tenant_id, id FROM payments WHERE tenant_id = %(tenant)s",
        "WITH done AS (UPDATE orders SET a = 1 WHERE tenant_id = %(tenant)s RETURNING id) SELECT id FROM done",
        "WITH done AS MATERIALIZED (DELETE FROM operators RETURNING id) SELECT id FROM done",
    ],
)
def test_a_statement_is_refused_that_would_need_several_servers(statement: str) -> None:
    assert refusal_of(statement) is not None
