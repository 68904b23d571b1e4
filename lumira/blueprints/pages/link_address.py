"""The portal link of the running request."""

from flask import request

from lumira import link_tokens, tenancy
from lumira.link_tokens import LinkAddress


def address_of(token: str) -> LinkAddress | None:
    """The address of the link; `None` for an invalid link, and on another tenant's domain."""
    address = link_tokens.read(token)
    return address if address is not None and is_served_here(address.tenant_id) else None


def is_served_here(tenant_id: int) -> bool:
    """Whether the host of the request may show pages of this tenant: it is no other tenant's domain."""
    host = tenancy.find_by_domain(tenancy.host_name(request.host))
    return host is None or host.tenant_id == tenant_id
