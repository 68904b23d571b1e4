"""Unexpected errors of a test: noted by its application, written when the test says so."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, insert, select

from lumira.database import atomic, db
from lumira.error_reports import ErrorReport, report_of
from lumira.models import INSTALLATION, ProgramError
from lumira.models.columns import uuid7
from tests.support.factories import Brand

log = structlog.get_logger()


OCCURRED_AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
#: A name and a secret, which the source line of a traceback must not have.
MESSAGE = "no price for 'Jeanne Martin' with sk_live_51AbCdEfGhIjKl"


class Surprise(Exception):
    """An error that no code expects."""


def surprise() -> None:
    """Raise the error."""
    raise Surprise(MESSAGE)


def reported(failing: Callable[..., object], *arguments: object) -> ErrorReport:
    """Return the report of what a function raises."""
    try:
        failing(*arguments)
    except Exception as error:  # noqa: BLE001 - any error is reported
        return report_of(error)
    pytest.fail("Nothing was raised.")


def fail_with(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, error: type[Exception] = Surprise
) -> None:
    """Let a function of a module raise an error with a name and a secret in its message."""

    def surprise(*_: Any, **__: Any) -> None:
        raise error(MESSAGE)

    monkeypatch.setattr(module, name, surprise)


def log_error(fail: Callable[[], object]) -> None:
    """Log what a function raises, as the code of a job does."""
    try:
        fail()
    except Exception:
        log.exception("tenant_failed")


def stored(tenant_id: int = INSTALLATION) -> list[ProgramError]:
    """The errors of a tenant or of the installation, the first one to occur first."""
    with atomic(tenant_id):
        query = select(ProgramError).where(ProgramError.tenant_id == tenant_id)
        return list(db.session.execute(query.order_by(ProgramError.first_at, ProgramError.id)).scalars())


def remove(*tenant_ids: int) -> None:
    """Remove the errors of these tenants, or of the installation."""
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            db.session.execute(delete(ProgramError).where(ProgramError.tenant_id == tenant_id))


def add(brand: Brand, **values: object) -> None:
    """Store an error of a tenant with these columns."""
    row = {
        "id": uuid7(),
        "error_type": "KeyError",
        "message": "",
        "traceback": "",
        "place": "job sweep",
        "release": "0.1.0",
        "occurrences": 1,
        "first_at": OCCURRED_AT,
        "last_at": OCCURRED_AT,
    }
    with atomic(brand.id):
        db.session.execute(insert(ProgramError).values(tenant_id=brand.id, **(row | values)))
