"""Sessions, resets and invitations of operators are removed a month after they ended, and no sooner."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from lumira.database import atomic, db
from lumira.models import OperatorInvitation, OperatorReset, OperatorSession, Role
from lumira.repositories.operators import operators
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.reset_operator import reset_operator
from lumira.services.retention.remove_ended_sessions import remove_ended_sessions
from lumira.services.retention.remove_expired import remove_expired
from tests.support.dashboard import Operator, make_operator
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def counted(operator: Operator) -> tuple[int, int]:
    """The sessions and the resets of an operator."""
    with atomic(None):
        operators.enter(operator.id)
        return (
            db.session.execute(select(func.count()).select_from(OperatorSession)).scalar_one(),
            db.session.execute(select(func.count()).select_from(OperatorReset)).scalar_one(),
        )


def invitations(brand: Brand) -> int:
    with atomic(brand.id):
        return db.session.execute(select(func.count()).select_from(OperatorInvitation)).scalar_one()


def test_old_sessions_and_resets_are_removed(tenant: Brand) -> None:
    operator = make_operator(tenant)
    reset_operator(operator.email)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=30)):
        remove_ended_sessions()
    assert counted(operator) == (1, 1)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=32)):
        remove_ended_sessions()
    assert counted(operator) == (0, 0)


def test_old_invitations_are_removed(tenant: Brand, other_tenant: Brand) -> None:
    for brand in (tenant, other_tenant):
        make_operator(brand)
        invite_operator(brand.id, "open@example.com", role=Role.VIEWER, actor="test", is_sent=False)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=32)):
        remove_expired(tenant.id)
    assert invitations(tenant) == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(days=34)):
        remove_expired(tenant.id)
    assert (invitations(tenant), invitations(other_tenant)) == (0, 2)
