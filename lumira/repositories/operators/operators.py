"""Operators and what proves who they are. A transaction sees the rows of the operator that it has entered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors.operators import OperatorNotFound
from lumira.models import (
    Language,
    Operator,
    OperatorCredentials,
    OperatorRecoveryCode,
    OperatorReset,
    email_key,
)
from lumira.models.columns import uuid7


def enter(operator_id: UUID) -> None:
    """Let the running transaction see the rows of this operator, besides those of its tenant."""
    db.session.execute(text("SELECT lumira_set_operator(:operator_id)"), {"operator_id": operator_id})


def find_id(email: str) -> UUID | None:
    """Return the id of the operator with this address; callable outside any operator."""
    return db.session.execute(text("SELECT lumira_find_operator(:key)"), {"key": email_key(email)}).scalar()


def get(operator_id: UUID) -> Operator:
    """Return the entered operator; raises `OperatorNotFound`."""
    operator = db.session.get(Operator, operator_id)
    if operator is None:
        raise OperatorNotFound("There is no such operator.")
    return operator


def enter_or_create(email: str, language: Language) -> Operator:
    """Enter the operator with this address, created if there is none."""
    operator_id = find_id(email)
    if operator_id is None:
        operator_id = uuid7()
        enter(operator_id)
        now = utc_now()
        # A transaction that creates the same operator is waited for.
        db.session.execute(
            insert(Operator)
            .values(
                id=operator_id,
                email=email.strip(),
                email_key=email_key(email),
                language=language,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing(index_elements=["email_key"])
        )
        operator_id = find_id(email) or operator_id
    enter(operator_id)
    return get(operator_id)


def find_credentials(operator_id: UUID) -> OperatorCredentials | None:
    """Return the credentials of the entered operator; `None` before the account is set up."""
    return db.session.get(OperatorCredentials, operator_id)


def lock_credentials(operator_id: UUID) -> OperatorCredentials | None:
    """Return the credentials of the entered operator as they are now, locked until the transaction ends.

    A sign-in and a change of what it proves wait for each other: no session begins with an old password afterwards.
    """
    return db.session.execute(
        select(OperatorCredentials)
        .where(OperatorCredentials.operator_id == operator_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def set_credentials(operator_id: UUID, *, password_hash: str, totp_secret_sealed: bytes, step: int) -> None:
    """Replace password and secret of the entered operator; `step` is that of the code that was accepted."""
    values = {
        "password_hash": password_hash,
        "totp_secret_sealed": totp_secret_sealed,
        "totp_last_step": step,
        "updated_at": utc_now(),
    }
    db.session.execute(
        insert(OperatorCredentials)
        .values(operator_id=operator_id, created_at=values["updated_at"], **values)
        .on_conflict_do_update(index_elements=["operator_id"], set_=values)
    )


def take_step(operator_id: UUID, step: int) -> bool:
    """Accept the code of a time step, once; `False` if it or a later one was accepted before."""
    taken = db.session.execute(
        update(OperatorCredentials)
        .where(OperatorCredentials.operator_id == operator_id, OperatorCredentials.totp_last_step < step)
        .values(totp_last_step=step)
        .returning(OperatorCredentials.operator_id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def take_recovery_code(operator_id: UUID, digests: Sequence[str], now: datetime) -> bool:
    """Accept a recovery code, once."""
    taken = db.session.execute(
        update(OperatorRecoveryCode)
        .where(
            OperatorRecoveryCode.operator_id == operator_id,
            OperatorRecoveryCode.digest.in_(digests),
            OperatorRecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(OperatorRecoveryCode.digest)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def replace_recovery_codes(operator_id: UUID, digests: Sequence[str]) -> None:
    """Give the entered operator these recovery codes and no other."""
    db.session.execute(delete(OperatorRecoveryCode).where(OperatorRecoveryCode.operator_id == operator_id))
    db.session.add_all(OperatorRecoveryCode(operator_id=operator_id, digest=digest) for digest in digests)
    db.session.flush()


def count_recovery_codes(operator_id: UUID) -> int:
    """Return how many recovery codes of the entered operator are not used."""
    query = select(func.count()).where(
        OperatorRecoveryCode.operator_id == operator_id, OperatorRecoveryCode.used_at.is_(None)
    )
    return db.session.execute(query).scalar_one()


def create_reset(operator_id: UUID, *, now: datetime, expires_at: datetime) -> OperatorReset:
    """Create a link for a new password and secret; older ones end."""
    use_resets(operator_id, now)
    reset = OperatorReset(operator_id=operator_id, id=uuid7(), created_at=now, expires_at=expires_at)
    db.session.add(reset)
    db.session.flush()
    return reset


def find_reset(operator_id: UUID, reset_id: UUID) -> OperatorReset | None:
    """Return the reset of the entered operator, locked: it is used once."""
    return db.session.execute(
        select(OperatorReset)
        .where(OperatorReset.operator_id == operator_id, OperatorReset.id == reset_id)
        .with_for_update()
    ).scalar_one_or_none()


def use_resets(operator_id: UUID, now: datetime) -> None:
    """End every open reset of the entered operator."""
    db.session.execute(
        update(OperatorReset)
        .where(OperatorReset.operator_id == operator_id, OperatorReset.used_at.is_(None))
        .values(used_at=now)
    )
