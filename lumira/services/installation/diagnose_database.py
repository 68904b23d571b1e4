"""Diagnose the database: its server, its schema, and whether the encryption keys open what it stores."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from lumira import encryption, stripe_slots
from lumira.database import atomic
from lumira.repositories.installation import server_version
from lumira.repositories.operators import operator_roles, operators
from lumira.repositories.tenants import sealed_columns
from lumira.repositories.tenants.sealed_columns import OF_OPERATORS, OF_TENANTS
from lumira.services.installation.findings import Finding, fault, ok
from lumira.services.installation.readiness import Readiness

_DATABASE, _KEYS = "database", "encryption keys"
#: The first version that has all that the migrations use.
_OLDEST_VERSION = 15
#: Secrets of a tenant and kind that are tried, the oldest first: `flask secrets rotate --dry-run` tries all.
_TRIED = 500


def diagnose_readiness(readiness: Readiness) -> list[Finding]:
    """Return a fault for each condition that is not met, else what works."""
    # What waits for another service than Stripe keeps no request from its turn, however long that service takes.
    with stripe_slots.paused():
        state = readiness.check()
    missing = state.missing
    faults = [
        fault(_KEYS if name == "encryption_keys" else _DATABASE, name, detail=state.failure)
        for name in missing
    ]
    if not set(missing) <= {"encryption_keys"}:
        return faults
    with atomic(None):
        version = server_version.find()
    return [ok(_DATABASE, "database_works"), describe_version(version), *faults]


def describe_version(version: tuple[int, int]) -> Finding:
    """Return whether this version of PostgreSQL, such as (15, 8), is new enough."""
    shown = ".".join(map(str, version))
    if version[0] < _OLDEST_VERSION:
        return fault(_DATABASE, "database_version_old", version=shown, oldest=_OLDEST_VERSION)
    return ok(_DATABASE, "database_version", version=shown)


def diagnose_secrets(tenant_ids: Iterable[int]) -> Finding:
    """Return whether the keys decrypt the secrets of the tenants and of their operators."""
    unreadable: Counter[str] = Counter()
    operator_ids: set[UUID] = set()
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            for column in OF_TENANTS:
                page = sealed_columns.list_page(column, tenant_id, after=None, limit=_TRIED)
                unreadable[column.name] += _count_unreadable(page)
            operator_ids |= {role.operator_id for role in operator_roles.list_of_tenant(tenant_id)}
    for operator_id in operator_ids:
        with atomic(None):
            operators.enter(operator_id)
            page = sealed_columns.list_page(OF_OPERATORS, None, after=None, limit=_TRIED)
            unreadable[OF_OPERATORS.name] += _count_unreadable(page)
    if unreadable.total():
        where = ", ".join(sorted(name for name, number in unreadable.items() if number))
        return fault(_KEYS, "secrets_unreadable", number=unreadable.total(), detail=f"They are in {where}.")
    return ok(_KEYS, "encryption_keys_work")


def _count_unreadable(page: list[tuple[Any, bytes]]) -> int:
    return sum(not encryption.can_decrypt(sealed) for _, sealed in page)
