"""The entries of a search of the audit log as CSV, written while they are read."""

import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.csv_cells import BYTE_ORDER_MARK, harmless, lines
from lumira.models import AuditEntry, Language
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenants
from lumira.services.audit.view_entries import AuditSearch, filter_of

#: Entries that one transaction reads: a slow download holds no transaction and no connection.
CHUNK = 500
_COLUMNS = {
    Language.FRENCH: ("Date", "Auteur", "Action", "Objet", "Détails", "Identifiant"),
    Language.ENGLISH: ("At", "Actor", "Action", "Subject", "Details", "Id"),
}


def export_entries(tenant_id: int, search: AuditSearch, language: Language, *, actor: str) -> Iterator[str]:
    """Yield the CSV in parts, newest entry first, with actors and subjects as the log writes them.

    The audit log names who exported it; that entry is in the file too, if the search finds it.
    """
    with atomic(tenant_id):
        audit.record_reading(tenant_id, actor=actor, action="audit_exported", subject="tenant")
        wanted, zone = filter_of(tenant_id, search), ZoneInfo(tenants.get(tenant_id).time_zone)
    yield BYTE_ORDER_MARK + lines([_COLUMNS[language]], language)
    before = None
    while True:
        with atomic(tenant_id):
            page = audit.list_entries(tenant_id, wanted, before=before, limit=CHUNK)
        yield lines([_row(entry, zone) for entry in page], language)
        if len(page) < CHUNK:
            return
        before = page[-1].id


def _row(entry: AuditEntry, zone: ZoneInfo) -> tuple[str, ...]:
    details = json.dumps(entry.details, ensure_ascii=False, sort_keys=True)
    at = entry.at.astimezone(zone).isoformat(timespec="seconds")
    texts = (entry.actor, entry.action, entry.subject, details)
    return (at, *(harmless(text) for text in texts), str(entry.id))
