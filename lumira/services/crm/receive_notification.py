"""Dolibarr reports that a record changed: it is noted, and read again by a worker some seconds later.

A notification is not signed, and is sent before Dolibarr commits. So nothing of it counts but which record it is about.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.clients.dolibarr import CALLER
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import InvalidRequest, NotFound
from lumira.models import CrmElement
from lumira.repositories.crm import crm_inboxes, crm_links, crm_notifications
from lumira.repositories.tenants import tenants

#: The beginning of Dolibarr's names of events, with the kind of record that they are about.
_ELEMENTS = {"COMPANY": CrmElement.THIRD_PARTY, "ORDER": CrmElement.ORDER, "BILL": CrmElement.INVOICE}
_TRIGGER = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_LARGEST_ID = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Notification:
    """What counts of a notification: which record it is about."""

    trigger: str
    element: CrmElement
    dolibarr_id: int


def check_secret(tenant_id: int | None, secret: str) -> None:
    """Raise `NotFound`, alike for a tenant that does not exist and for another secret than the tenant's."""
    inbox = None
    if tenant_id is not None:
        with atomic(tenant_id):
            inbox = crm_inboxes.find(tenant_id)
    if not crm_inboxes.is_secret_of(inbox, secret):
        raise NotFound("There is no such address.")


def receive_notification(tenant_id: int, body: Mapping[str, Any]) -> Notification | None:
    """Note the record that Dolibarr reports; return `None` if there is nothing to read.

    That is a kind of record that Lumira does not exchange, a record that is not linked to one of Lumira's, and a change
    that Lumira made itself. Raises `InvalidRequest` if the body is no notification of Dolibarr's.
    """
    notification = _read(body)
    with atomic(tenant_id):
        crm_inboxes.note_notified(tenant_id, utc_now())
        if notification is None or tenants.get(tenant_id).crm_switched_on_at is None:
            return None
        # So there are never more rows than links, whoever knows the secret.
        if crm_links.find_by_dolibarr_id(tenant_id, notification.element, notification.dolibarr_id) is None:
            return None
        crm_notifications.enqueue(tenant_id, notification.element, [notification.dolibarr_id])
        return notification


def _read(body: Mapping[str, Any]) -> Notification | None:
    trigger, record = body.get("triggercode"), body.get("object")
    if not isinstance(trigger, str) or not _TRIGGER.fullmatch(trigger):
        raise InvalidRequest("triggercode: Must be the name of an event of Dolibarr, such as COMPANY_MODIFY.")
    element = _ELEMENTS.get(trigger.partition("_")[0])
    if element is None:
        return None
    if not isinstance(record, Mapping):
        raise InvalidRequest("object: Must be the record that the event is about.")
    dolibarr_id = _id_of(record.get("id"))
    context = record.get("context")
    is_ours = isinstance(context, Mapping) and context.get("caller") == CALLER
    return None if is_ours else Notification(trigger, element, dolibarr_id)


def _id_of(value: object) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    number = int(text) if _DIGITS.fullmatch(text) else 0
    if not 0 < number <= _LARGEST_ID:
        raise InvalidRequest("object.id: Must be the id of the record, a whole number.")
    return number
