"""What an operator does with a customer's links."""

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import CustomerNotFound, NoPublicUrl
from lumira.link_tokens import LinkAddress, url_of
from lumira.models import AccessLink, Customer
from lumira.repositories import access_links, audit, customers


def list_links(tenant_id: int, email: str) -> list[AccessLink]:
    """All links of a customer, those of merged ones too, oldest first; `CustomerNotFound`."""
    with atomic(tenant_id):
        known = _known_as(tenant_id, customers.get_current(tenant_id, email))
        return access_links.list_links(tenant_id, [each.id for each in known])


def create_link(tenant_id: int, email: str, *, actor: str) -> tuple[str, AccessLink]:
    """The address of a customer's page, as a letter would carry it; `CustomerNotFound`, `NoPublicUrl`."""
    with atomic(tenant_id):
        # Locked, so that an erasing that is under way is seen.
        customer = customers.lock_current(tenant_id, customers.get_current(tenant_id, email).id)
        if customer.erased_at is not None:
            raise CustomerNotFound("Of this customer nothing is known any more: they were erased.")
        link = access_links.get_or_create(tenant_id, customer.id, utc_now())
        url = url_of(LinkAddress(tenant_id, link.id))
        if url is None:
            raise NoPublicUrl(
                "There are no links before PUBLIC_URL says where buyers reach this installation."
            )
        audit.record(
            tenant_id, actor=actor, action="access_link_handed_out", subject=f"customer:{customer.id}"
        )
        return url, link


def revoke_links(tenant_id: int, email: str, *, actor: str) -> int:
    """Let none of a customer's links open anything any more; how many did. `CustomerNotFound`."""
    with atomic(tenant_id):
        customer = customers.get_current(tenant_id, email)
        known = _known_as(tenant_id, customer)
        revoked = access_links.revoke(tenant_id, [each.id for each in known], utc_now())
        if revoked:
            audit.record(
                tenant_id,
                actor=actor,
                action="access_links_revoked",
                subject=f"customer:{customer.id}",
                links=revoked,
            )
        return revoked


def _known_as(tenant_id: int, customer: Customer) -> list[Customer]:
    return [customer, *customers.list_merged(tenant_id, customer.id)]
