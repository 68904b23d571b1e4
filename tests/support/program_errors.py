"""Unexpected errors of a test: noted by its application, written when the test says so."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import INSTALLATION, ProgramError

log = structlog.get_logger()


#: A name and a secret, which the source line of a traceback must not have.
MESSAGE = "no price for 'Jeanne Martin' with sk_live_51AbCdEfGhIjKl"


class Surprise(Exception):
    """An error that no code expects."""


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
