"""The audit log of a tenant, a page at a time, and the state of its chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.days import begin_of, end_of
from lumira.formats import parse_uuid
from lumira.models import AlertKind, AuditEntry
from lumira.repositories import hash_chains
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.audit.audit import AuditFilter
from lumira.repositories.hash_chains import AUDIT, Link
from lumira.repositories.operators import operator_roles
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants

#: Entries on one page.
PAGE = 50
_ORDER = "order:"


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """The entries to find; days are those of the tenant's time zone, the last one included.

    `subject` is as the log writes it, such as `order:<id>`, or the number of an order.
    """

    action: str | None = None
    actor: str | None = None
    subject: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    #: The id of the last entry of the previous page.
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of entries, newest first, and where the next one begins.

    `operators` has the addresses of the team by their names in the audit log, `numbers` those of the orders by id.
    """

    entries: Sequence[AuditEntry]
    operators: Mapping[str, str]
    numbers: Mapping[UUID, str]
    last_link: Link | None
    is_broken: bool
    next: UUID | None

    def order_number(self, entry: AuditEntry) -> str | None:
        """Return the number of the order that the entry is about."""
        order_id = order_id_of(entry)
        return self.numbers.get(order_id) if order_id else None


def view_entries(tenant_id: int, search: AuditSearch) -> AuditPage:
    """Return one page of the entries of a search."""
    with atomic(tenant_id):
        wanted = filter_of(tenant_id, search)
        found = audit.list_entries(tenant_id, wanted, before=search.before, limit=PAGE + 1)
        listed = found[:PAGE]
        return AuditPage(
            entries=listed,
            operators=operator_roles.addresses_by_actor(tenant_id),
            numbers=orders.numbers_by_id(tenant_id, {id_ for entry in listed if (id_ := order_id_of(entry))}),
            last_link=hash_chains.find_last(AUDIT, tenant_id),
            is_broken=bool(alerts.list_open(tenant_id, AlertKind.AUDIT_CHAIN_BROKEN)),
            next=listed[-1].id if len(found) > PAGE else None,
        )


def filter_of(tenant_id: int, search: AuditSearch) -> AuditFilter:
    """Return the filter of a search, inside the caller's transaction."""
    zone = ZoneInfo(tenants.get(tenant_id).time_zone)
    wanted = AuditFilter(action=search.action, actor=search.actor, subject=search.subject)
    if search.subject and ":" not in search.subject:
        number = search.subject.upper()
        order_id = orders.ids_by_number(tenant_id, [number]).get(number)
        wanted = replace(wanted, subject=f"{_ORDER}{order_id}" if order_id else search.subject)
    if search.first_day:
        wanted = replace(wanted, since=begin_of(search.first_day, zone))
    if search.last_day:
        wanted = replace(wanted, until=end_of(search.last_day, zone))
    return wanted


def order_id_of(entry: AuditEntry) -> UUID | None:
    """Return the id of the order that the entry is about."""
    return parse_uuid(entry.subject.removeprefix(_ORDER)) if entry.subject.startswith(_ORDER) else None
