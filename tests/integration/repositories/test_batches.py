"""The rows of a batch are written as the session would write them, with fewer statements."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import make_transient_to_detached

from lumira.database import atomic, db
from lumira.models import AuditEntry, OutboxMessage
from lumira.models.columns import uuid7
from lumira.repositories import batches
from lumira.repositories.audit import audit
from lumira.repositories.rows import RowMissing
from lumira.repositories.tenants import tenants
from tests.support.factories import Brand
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")


def record(tenant: Brand, number: int) -> None:
    audit.record(tenant.id, actor="test", action="batch_written", subject=f"row:{number}", number=number)


def recorded(tenant: Brand) -> list[int]:
    with atomic(tenant.id):
        query = select(AuditEntry).where(
            AuditEntry.tenant_id == tenant.id, AuditEntry.action == "batch_written"
        )
        return [
            entry.details["number"] for entry in db.session.execute(query.order_by(AuditEntry.id)).scalars()
        ]


def test_any_number_of_rows_is_written_in_their_order_and_in_one_message(
    tenant: Brand, statements: Statements
) -> None:
    def write() -> None:
        with atomic(tenant.id):
            for number in range(32):
                record(tenant, number)
            batches.write_and_forget()
            assert not db.session.new

    assert len(statements.made_by(write)) == 1
    assert recorded(tenant) == list(range(32))


def test_a_row_that_no_sale_writes_is_written_too(tenant: Brand) -> None:
    with atomic(tenant.id):
        tenants.get(tenant.id).name = "Renamed"
        record(tenant, 1)
        batches.write_and_forget()
    with atomic(tenant.id):
        assert tenants.get(tenant.id).name == "Renamed"
    assert recorded(tenant) == [1]


def test_a_changed_row_that_does_not_exist_rolls_the_batch_back(tenant: Brand) -> None:
    missing = OutboxMessage(tenant_id=tenant.id, id=uuid7())
    make_transient_to_detached(missing)

    def write() -> None:
        with atomic(tenant.id) as session:
            record(tenant, 1)
            session.add(missing)
            missing.subject = "changed"
            batches.write_and_forget()

    with pytest.raises(RowMissing):
        write()
    assert recorded(tenant) == []
