"""A tenant cannot read, change or reference rows of another tenant, whatever the code does."""

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from lumira.database import Base, atomic, db
from lumira.models import Alert, Customer, Order, Tenant
from lumira.models.columns import uuid7
from tests.support.factories import Brand, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_without_a_tenant_nothing_is_visible(tenant, table) -> None:
    open_payment(tenant)
    with atomic(None):
        assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0  # noqa: S608


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_a_tenant_sees_none_of_anothers_rows(tenant, other_tenant, table) -> None:
    open_payment(other_tenant)
    key = "id" if table == "tenants" else "tenant_id"
    with atomic(tenant.id):
        owners = db.session.execute(text(f"SELECT DISTINCT {key} FROM {table}")).scalars()  # noqa: S608
        assert set(owners) <= {tenant.id}


def test_a_row_cannot_be_written_for_another_tenant(tenant, other_tenant) -> None:
    row = {"id": uuid7(), "kind": "x", "subject": "y", "details": {}}
    with pytest.raises(ProgrammingError, match="row-level security"), atomic(tenant.id):
        db.session.execute(insert(Alert).values(tenant_id=other_tenant.id, **row))


def test_a_row_cannot_be_moved_to_another_tenant(tenant, other_tenant) -> None:
    open_payment(tenant)
    with pytest.raises(DBAPIError), atomic(tenant.id):
        db.session.execute(update(Customer).values(tenant_id=other_tenant.id))


def test_a_row_cannot_reference_another_tenants_row(tenant, other_tenant) -> None:
    open_payment(tenant)
    open_payment(other_tenant)
    with atomic(other_tenant.id):
        foreign = db.session.execute(select(Customer.id)).scalar_one()
    with pytest.raises(IntegrityError), atomic(tenant.id):
        db.session.execute(update(Order).values(customer_id=foreign))


def test_an_update_without_any_condition_changes_the_tenants_own_rows_only(tenant, other_tenant) -> None:
    with atomic(tenant.id):
        db.session.execute(update(Tenant).values(name="Renamed"))
    with atomic(other_tenant.id):
        assert db.session.execute(select(Tenant.name)).scalar_one() == other_tenant.name


def test_lookups_across_tenants_return_ids_only(tenant: Brand) -> None:
    with atomic(None):
        functions = db.session.execute(
            text(
                "SELECT proname, pg_get_function_result(oid) AS result FROM pg_proc WHERE prosecdef "
                "AND pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert functions
    allowed = {"integer", "SETOF integer", "TABLE(tenant_id integer, id uuid)"}
    assert {function.result for function in functions} <= allowed
