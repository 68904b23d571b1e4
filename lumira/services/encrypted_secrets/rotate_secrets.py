"""Encrypts every secret with the first of the encryption keys, so that the other keys can be removed."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lumira import encryption
from lumira.database import atomic, retried
from lumira.encryption import DecryptionError
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_roles, operators
from lumira.repositories.tenants import sealed_columns
from lumira.repositories.tenants.sealed_columns import OF_OPERATORS, OF_TENANTS, SealedColumn

#: Rows of one transaction.
_PAGE = 200


@dataclass(slots=True)
class Rotation:
    """How many secrets were encrypted again, and which could not be decrypted, by table and column."""

    read: int = 0
    encrypted: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Rotation") -> None:
        """Add the figures of another rotation."""
        self.read += other.read
        self.encrypted += other.encrypted
        self.unreadable += other.unreadable


def rotate_secrets(
    tenant_id: int,
    *,
    actor: str,
    is_dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rotation:
    """Encrypt the tenant's secrets again that another key than the first one encrypted, and return how many there were.

    An interrupted run is continued by the next one, which finds what is left. With `is_dry_run` nothing is changed.
    The secrets of a frozen tenant are encrypted again, too, and stay the same.
    """
    rotation = Rotation()
    for column in OF_TENANTS:
        after: Any = None
        while True:
            page, last = _rotate_page(tenant_id, column, after, is_dry_run)
            rotation.add(page)
            on_progress(page.read)
            if last is None:
                break
            after = last
    if rotation.encrypted and not is_dry_run:
        with atomic(tenant_id, changes_frozen=True):
            audit.record(
                tenant_id,
                actor=actor,
                action="secrets_encrypted_again",
                subject="tenant",
                secrets=rotation.encrypted.total(),
            )
    return rotation


def rotate_operator_secrets(operator_ids: Iterable[UUID], *, is_dry_run: bool = False) -> Rotation:
    """Do the same for the secrets of these operators' one-time codes."""
    rotation = Rotation()
    for operator_id in operator_ids:
        rotation.add(_rotate_operator(operator_id, is_dry_run))
    return rotation


def list_operator_ids(tenant_ids: Iterable[int]) -> set[UUID]:
    """Return the ids of everyone who is or was an operator of these tenants."""
    found: set[UUID] = set()
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            found |= {
                role.operator_id for role in operator_roles.list_of_tenant(tenant_id, include_removed=True)
            }
    return found


@retried
def _rotate_page(tenant_id: int, column: SealedColumn, after: Any, is_dry_run: bool) -> tuple[Rotation, Any]:
    with atomic(tenant_id, changes_frozen=True):
        rows = sealed_columns.list_page(column, tenant_id, after=after, limit=_PAGE)
        rotation = _rotate(column, tenant_id, rows, is_dry_run=is_dry_run)
    return rotation, rows[-1][0] if len(rows) == _PAGE else None


@retried
def _rotate_operator(operator_id: UUID, is_dry_run: bool) -> Rotation:
    with atomic(None):
        operators.enter(operator_id)
        rows = sealed_columns.list_page(OF_OPERATORS, None, after=None, limit=_PAGE)
        return _rotate(OF_OPERATORS, None, rows, is_dry_run=is_dry_run)


def _rotate(
    column: SealedColumn, owner: int | None, rows: list[tuple[Any, bytes]], *, is_dry_run: bool
) -> Rotation:
    rotation = Rotation(read=len(rows))
    for key, old in rows:
        try:
            new = encryption.reseal(old)
        except DecryptionError:
            rotation.unreadable[column.name] += 1
            continue
        if new is not None and (is_dry_run or sealed_columns.replace(column, owner, key, old=old, new=new)):
            rotation.encrypted[column.name] += 1
    return rotation
