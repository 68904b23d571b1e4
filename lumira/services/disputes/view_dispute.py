"""One dispute with what an operator may send to the bank: what was sent, or a draft from the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.dispute_evidence import NoResponse, why_not_respondable
from lumira.domain.evidence_draft import Records, draft
from lumira.errors import DisputeNotFound
from lumira.models import Dispute, DisputeEvidence, Language, Order
from lumira.repositories.customers import access_links
from lumira.repositories.orders import dispute_evidence, disputes, orders
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.services.files.view_deliverables import list_deliverables


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute of a loaded order, and the response to it."""

    order: Order
    dispute: Dispute
    #: The newest response; `None` if none was decided.
    evidence: DisputeEvidence | None
    #: Why no response can be sent now; `None` if one can.
    why_not: NoResponse | None
    #: What was sent or refused, else the draft, by Stripe's names of the fields.
    fields: Mapping[str, str]
    #: The Connect account that the tenant sells through.
    stripe_account: str | None


def view_dispute(tenant_id: int, stripe_dispute_id: str, *, language: Language) -> DisputeView:
    """Return one dispute; the draft is in this language. Raises `DisputeNotFound`."""
    with atomic(tenant_id):
        order_id = disputes.find_order_id(tenant_id, stripe_dispute_id)
        if order_id is None:
            raise DisputeNotFound("There is no such dispute.")
        tenant = tenants.get(tenant_id)
        order = orders.get_order(tenant_id, str(order_id))
        dispute = next(each for each in order.disputes if each.stripe_dispute_id == stripe_dispute_id)
        evidence = dispute_evidence.find_newest(tenant_id, stripe_dispute_id)
        if evidence is None or evidence.cleared_at is not None:
            records = _records_of(order, dispute)
            fields = draft(records, language=language, zone=ZoneInfo(tenant.time_zone))
        else:
            fields = evidence.fields
        return DisputeView(
            order,
            dispute,
            evidence,
            why_not_respondable(dispute, evidence, utc_now()),
            fields,
            tenant.stripe_account,
        )


def _records_of(order: Order, dispute: Dispute) -> Records:
    tenant_id = order.tenant_id
    deliverables = list_deliverables(tenant_id, [order])[order.id]
    return Records(
        order=order,
        dispute=dispute,
        receipts=receipts.list_of_orders(tenant_id, [order.id]),
        links=_links_of(order),
        delivered=[(each.title, each.delivered_at) for each in deliverables if each.delivered_at is not None],
    )


def _links_of(order: Order) -> list[datetime]:
    """When links to the portal were created for the buyer, from this order on."""
    if order.customer_id is None:
        return []
    links = access_links.list_links(order.tenant_id, [order.customer_id])
    return sorted(link.created_at for link in links if link.created_at >= order.created_at)
