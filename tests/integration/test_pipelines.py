"""Several statements in one message: rows, errors, and what a rollback does to the session."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError

from lumira.database import atomic
from lumira.pipelines import from_text, run_together
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

_NUMBER = from_text("SELECT %(number)s::integer, 'a%%'")
_NONE = from_text("SELECT 1 WHERE %(number)s::integer < 0")
_END = from_text("SELECT pg_terminate_backend(pg_backend_pid())")
_INVERSE = from_text("SELECT 1 / %(number)s::integer")


def test_each_statement_returns_its_first_row_or_none(tenant: Brand) -> None:
    for _ in range(2):
        with atomic(tenant.id):
            queries = [
                _NUMBER.with_values({"number": 1}),
                _NONE.with_values({"number": 2}),
                _NUMBER.with_values({"number": 3}),
            ]
            assert run_together(queries) == [(1, "a%"), None, (3, "a%")]


def test_an_error_is_that_of_the_statement_that_failed_and_the_session_goes_on(tenant: Brand) -> None:
    with pytest.raises(DataError, match="division by zero"), atomic(tenant.id):
        run_together(
            [
                _NUMBER.with_values({"number": 1}),
                _INVERSE.with_values({"number": 0}),
                _NUMBER.with_values({"number": 2}),
            ]
        )
    with atomic(tenant.id):
        assert run_together([_INVERSE.with_values({"number": 1})]) == [(1,)]


def test_statements_work_after_a_rollback_and_after_that_of_a_savepoint(tenant: Brand) -> None:
    # So often that the driver prepares its own statements, which it removes with all others after a rollback.
    for _ in range(8):
        with atomic(tenant.id) as session:
            assert run_together([_NUMBER.with_values({"number": 1})]) == [(1, "a%")]
            session.execute(text("SELECT 1"))
            nested = session.begin_nested()
            session.execute(text("SELECT 2"))
            nested.rollback()
            assert run_together([_NUMBER.with_values({"number": 1})]) == [(1, "a%")]
        with pytest.raises(DataError), atomic(tenant.id):
            run_together([_INVERSE.with_values({"number": 0})])


def test_a_session_that_was_closed_is_replaced(tenant: Brand) -> None:
    with pytest.raises(OperationalError), atomic(tenant.id):
        run_together([_END.with_values({})])
    with atomic(tenant.id):
        assert run_together([_NUMBER.with_values({"number": 1})]) == [(1, "a%")]
