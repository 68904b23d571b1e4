"""An operator's work with the portal links of a customer."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.customers import CustomerNotFound
from lumira.errors.tenants import NoPublicUrl
from lumira.link_tokens import LinkAddress, url_of
from lumira.models import AccessLink, Customer
from lumira.repositories.audit import audit
from lumira.repositories.customers import access_links, customers


@dataclass(frozen=True, slots=True)
class NewLink:
    """The URL of a customer's portal, its row, and the customer's own address: the only one to send it to."""

    url: str
    link: AccessLink
    email: str


def list_links(tenant_id: int, email: str) -> list[AccessLink]:
    """Return all links of a customer and of the customers merged into it, oldest first.

    Raises `CustomerNotFound`.
    """
    with atomic(tenant_id):
        customer = customers.get_current(tenant_id, email)
        return access_links.list_links(tenant_id, _customer_ids(customer))


def create_link(tenant_id: int, email: str, *, actor: str) -> NewLink:
    """Return a link to a customer's portal, as an e-mail would contain it.

    Raises `CustomerNotFound`, and `NoPublicUrl` if `PUBLIC_URL` is not set.
    """
    with atomic(tenant_id):
        # The lock waits for an erasure in progress.
        customer = customers.lock_current(tenant_id, customers.get_current(tenant_id, email).id)
        if customer.erased_at is not None:
            raise CustomerNotFound("The personal data of this customer was erased.")
        link = access_links.get_or_create(tenant_id, customer.id, utc_now())
        url = url_of(LinkAddress(tenant_id, link.id))
        if url is None:
            raise NoPublicUrl("Set PUBLIC_URL to the address at which buyers reach this installation.")
        audit.record(
            tenant_id, actor=actor, action="access_link_handed_out", subject=f"customer:{customer.id}"
        )
        return NewLink(url, link, customer.email)


def revoke_links(tenant_id: int, email: str, *, actor: str) -> int:
    """Revoke all live links of a customer; return how many were revoked. Raises `CustomerNotFound`."""
    with atomic(tenant_id):
        customer = customers.get_current(tenant_id, email)
        revoked = access_links.revoke(tenant_id, _customer_ids(customer), utc_now())
        if revoked:
            audit.record(
                tenant_id,
                actor=actor,
                action="access_links_revoked",
                subject=f"customer:{customer.id}",
                links=revoked,
            )
        return revoked


def _customer_ids(customer: Customer) -> list[UUID]:
    """Return the ids of a customer and of the customers merged into it."""
    return [customer.id, *(merged.id for merged in customers.list_merged(customer.tenant_id, customer.id))]
