"""A tenant cannot read, change or reference rows of another tenant, whatever the code does."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from lumira.database import Base, atomic, db
from lumira.models import Alert, AuditEntry, Customer, Operator, OperatorRole, Order, Role, Tenant
from lumira.models.columns import uuid7
from lumira.models.operator import OwnedByOperator
from lumira.repositories.operators import operators
from lumira.sandbox.server import SandboxServer
from tests.support.dashboard import Operator as SignedUp
from tests.support.dashboard import add_role, make_operator
from tests.support.factories import Brand, make_brand, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


#: The column that says whose a row is, where it is not `tenant_id`.
OF_OPERATORS = {"operators": "id"} | {
    model.__tablename__: "operator_id" for model in OwnedByOperator.__subclasses__()
}
KEYS = {"tenants": "id"}


@dataclass(frozen=True)
class Shops:
    """Two tenants, each with a sale and a team; `operator` is one of two of the first one."""

    tenant: Brand
    other: Brand
    operator: SignedUp


@pytest.fixture(scope="module")
def shops(app: Flask, sandbox: SandboxServer) -> Shops:
    """The tenants of the tests that only read, one for each table."""
    with app.app_context():
        tenant, other = (make_brand(sandbox_url=sandbox.url) for _ in range(2))
        for brand in (tenant, other, tenant):
            open_payment(brand)
            signed_up = make_operator(brand)
    return Shops(tenant, other, signed_up)


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_without_a_tenant_nothing_is_visible(shops: Shops, table: str) -> None:
    with atomic(None):
        assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0  # noqa: S608


@pytest.mark.parametrize("table", sorted(set(Base.metadata.tables) - set(OF_OPERATORS)))
def test_a_tenant_sees_none_of_anothers_rows(shops: Shops, table: str) -> None:
    key = KEYS.get(table, "tenant_id")
    with atomic(shops.tenant.id):
        owners = db.session.execute(text(f"SELECT DISTINCT {key} FROM {table}")).scalars()  # noqa: S608
        assert set(owners) <= {shops.tenant.id}


@pytest.mark.parametrize("table", sorted(OF_OPERATORS))
def test_a_tenant_sees_no_account_of_an_operator_not_even_of_its_own_team(shops: Shops, table: str) -> None:
    with atomic(shops.tenant.id):
        assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0  # noqa: S608


@pytest.mark.parametrize("table", sorted(OF_OPERATORS))
def test_an_operator_sees_no_row_of_another_operator(shops: Shops, table: str) -> None:
    with atomic(None):
        operators.enter(shops.operator.id)
        owners = db.session.execute(text(f"SELECT DISTINCT {OF_OPERATORS[table]} FROM {table}")).scalars()  # noqa: S608
        assert set(owners) <= {shops.operator.id}


def test_an_operator_sees_own_roles_at_all_tenants_and_changes_none(tenant, other_tenant) -> None:
    own = make_operator(tenant)
    add_role(own, other_tenant, Role.VIEWER)
    make_operator(other_tenant)
    with atomic(None):
        operators.enter(own.id)
        roles = db.session.execute(select(OperatorRole.tenant_id, OperatorRole.operator_id)).all()
        changed = db.session.execute(
            update(OperatorRole).values(role=Role.OWNER).returning(OperatorRole.operator_id)
        ).all()
    assert {tuple(role) for role in roles} == {(tenant.id, own.id), (other_tenant.id, own.id)}
    assert changed == []


def test_an_operator_writes_audit_entries_in_own_name_at_own_tenants_only(tenant, other_tenant) -> None:
    own, other = make_operator(tenant), make_operator(other_tenant)

    def write(brand: Brand, actor: str) -> None:
        with atomic(None):
            operators.enter(own.id)
            entry = AuditEntry(tenant_id=brand.id, actor=actor, action="x", subject="y", details={})
            db.session.add(entry)

    write(tenant, own.actor)
    for brand, actor in ((other_tenant, own.actor), (tenant, other.actor), (tenant, "stripe")):
        with pytest.raises(ProgrammingError, match="row-level security"):
            write(brand, actor)


def test_an_operator_without_a_tenant_sees_no_row_of_a_tenant(tenant) -> None:
    own = make_operator(tenant)
    open_payment(tenant)
    with atomic(None):
        operators.enter(own.id)
        for model in (Order, Customer, Tenant, AuditEntry):
            assert db.session.execute(select(model)).all() == []
        assert db.session.execute(select(Operator.id)).scalar_one() == own.id


def test_the_operator_of_one_transaction_is_not_that_of_the_next(tenant) -> None:
    own = make_operator(tenant)
    with atomic(None):
        operators.enter(own.id)
    with atomic(None):
        assert db.session.execute(select(Operator)).all() == []


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


def test_lookups_across_tenants_return_ids_or_numbers_only(tenant: Brand) -> None:
    with atomic(None):
        functions = db.session.execute(
            text(
                "SELECT proname, pg_get_function_result(oid) AS result FROM pg_proc WHERE prosecdef "
                "AND pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert functions
    allowed = {"integer", "SETOF integer", "TABLE(tenant_id integer, id uuid)", "uuid", "SETOF uuid"}
    # For the metrics: how many rows are in a state, and the time of the oldest.
    time = "oldest timestamp with time zone"
    tables = ("state text, number bigint", f"state text, number bigint, {time}", f"number bigint, {time}")
    numbers = {"bigint", *(f"TABLE({columns})" for columns in tables)}
    counts = {function for function in functions if function.proname.startswith("lumira_count_")}
    assert {function.result for function in counts} == numbers
    assert {function.result for function in functions if function not in counts} <= allowed
