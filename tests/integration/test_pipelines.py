"""Several statements in one message: rows, errors, and what a rollback does to the session."""

from collections.abc import Callable
from contextlib import suppress
from unittest.mock import patch

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from lumira import prepared_statements
from lumira.database import atomic
from lumira.errors import TenantFrozen
from lumira.models import Tenant
from lumira.models.columns import table_of
from lumira.pipelines import run_later, run_together
from lumira.prepared_statements import from_text
from lumira.repositories import rows
from lumira.repositories.rows import RowMissing, Write
from lumira.transactions import TransactionAborted
from tests.support.factories import Brand
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

_NUMBER = from_text("SELECT %(number)s::integer, 'a%%'")
_NONE = from_text("SELECT 1 WHERE %(number)s::integer < 0")
_END = from_text("SELECT pg_terminate_backend(pg_backend_pid())")
_INVERSE = from_text("SELECT 1 / %(number)s::integer")
_NAME = from_text("SELECT name FROM tenants WHERE id = %(tenant)s::integer")
_RENAME = from_text("UPDATE tenants SET name = %(name)s::text WHERE id = %(tenant)s::integer RETURNING id")


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


def _stored_name(tenant: Brand) -> str:
    with atomic(tenant.id) as session:
        return str(
            session.execute(text("SELECT name FROM tenants WHERE id = :id"), {"id": tenant.id}).scalar()
        )


def _rename(tenant: Brand, name: str | None) -> None:
    run_later(_RENAME.with_values({"tenant": tenant.id, "name": name}), lambda _row: None)


def test_a_deferred_statement_runs_before_the_next_one_whoever_sends_it(tenant: Brand) -> None:
    query = text("SELECT name FROM tenants WHERE id = :id")
    with atomic(tenant.id) as session:
        _rename(tenant, "First")
        assert session.execute(query, {"id": tenant.id}).scalar() == "First"
        _rename(tenant, "Second")
        assert run_together([_NAME.with_values({"tenant": tenant.id})]) == [("Second",)]


def test_deferred_statements_are_committed_in_the_message_of_the_commit(
    tenant: Brand, statements: Statements
) -> None:
    def rename() -> None:
        with atomic(tenant.id):
            _rename(tenant, "First")
            _rename(tenant, "Second")

    assert len(statements.made_by(rename)) == 1
    assert _stored_name(tenant) == "Second"


def test_nothing_is_committed_if_a_deferred_statement_fails(tenant: Brand) -> None:
    def rename() -> None:
        with atomic(tenant.id):
            _rename(tenant, "Other")
            _rename(tenant, None)
            _rename(tenant, "Another")

    before = _stored_name(tenant)
    with pytest.raises(IntegrityError):
        rename()
    assert _stored_name(tenant) == before


def test_nothing_is_sent_if_the_transaction_fails_before_its_first_statement(
    tenant: Brand, statements: Statements
) -> None:
    def fail() -> None:
        with atomic(tenant.id):
            _rename(tenant, "Other")
            raise ZeroDivisionError

    def attempt() -> None:
        with suppress(ZeroDivisionError):
            fail()

    before = _stored_name(tenant)
    assert statements.made_by(attempt) == []
    assert _stored_name(tenant) == before


def test_a_deferred_change_of_a_frozen_tenant_is_refused(make_brand: Callable[[], Brand]) -> None:
    brand = make_brand()
    with atomic(brand.id, changes_frozen=True) as session:
        session.execute(text("UPDATE tenants SET frozen_at = now() WHERE id = :id"), {"id": brand.id})
    with pytest.raises(TenantFrozen), atomic(brand.id):
        _rename(brand, "Other")
    assert _stored_name(brand) == brand.name


def test_a_connection_that_is_lost_with_the_commit_is_replaced(tenant: Brand) -> None:
    with pytest.raises(OperationalError), atomic(tenant.id):
        run_later(_END.with_values({}), lambda _row: None)
    _stored_name(tenant)


def test_nothing_is_committed_if_a_row_to_be_changed_is_missing(tenant: Brand) -> None:
    def rename() -> None:
        with atomic(tenant.id):
            _rename(tenant, "Other")
            rows.write([Write(table_of(Tenant), {"name": "Another"}, {"id": -1})])

    before = _stored_name(tenant)
    with pytest.raises(RowMissing):
        rename()
    assert _stored_name(tenant) == before


def test_a_transaction_with_a_failed_statement_is_not_reported_as_committed(tenant: Brand) -> None:
    def rename() -> None:
        with atomic(tenant.id):
            _rename(tenant, "Other")
            with suppress(DBAPIError):
                run_together([_INVERSE.with_values({"number": 0})])

    before = _stored_name(tenant)
    with pytest.raises(TransactionAborted):
        rename()
    assert _stored_name(tenant) == before


def test_a_value_that_cannot_be_sent_loses_no_statement_before_it(tenant: Brand) -> None:
    with atomic(tenant.id) as session:
        _rename(tenant, "Other")
        with suppress(DBAPIError):
            run_together([_RENAME.with_values({"tenant": tenant.id, "name": "\0"})])
        assert session.execute(text("SELECT current_setting('lumira.tenant_id')")).scalar() == str(tenant.id)
    assert _stored_name(tenant) == "Other"


def test_what_was_deferred_in_a_savepoint_is_rolled_back_with_it(
    tenant: Brand, statements: Statements
) -> None:
    def rename() -> None:
        with atomic(tenant.id) as session:
            _rename(tenant, "First")
            nested = session.begin_nested()
            _rename(tenant, "Second")
            nested.rollback()

    sent = statements.made_by(rename)
    assert len([statement for statement in sent if "UPDATE" in statement]) == 1
    assert _stored_name(tenant) == "First"


def test_prepared_statements_of_transactions_that_were_rolled_back_are_removed(tenant: Brand) -> None:
    def fail() -> None:
        with atomic(tenant.id):
            run_together([_NUMBER.with_values({"number": 1})])
            raise ZeroDivisionError

    for _ in range(20):
        with suppress(ZeroDivisionError):
            fail()
    with atomic(tenant.id) as session:
        assert session.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() < 10


def test_a_savepoint_comprises_what_is_sent_together(tenant: Brand) -> None:
    with atomic(tenant.id) as session:
        _rename(tenant, "First")
        nested = session.begin_nested()
        run_together([_RENAME.with_values({"tenant": tenant.id, "name": "Second"})])
        nested.rollback()
    assert _stored_name(tenant) == "First"


@pytest.mark.parametrize("is_deferred", [True, False])
def test_an_interruption_stays_one(tenant: Brand, is_deferred: bool) -> None:
    def rename() -> None:
        with atomic(tenant.id):
            _rename(tenant, before)
            if not is_deferred:
                run_together([])

    before = _stored_name(tenant)
    with (
        patch.object(prepared_statements, "_next_result", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        rename()
    assert _stored_name(tenant) == before
