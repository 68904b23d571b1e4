"""Which customer a command is about: an address or an id, in one tenant or in whichever knows it."""

from uuid import UUID

from marshmallow import ValidationError

from lumira.cli.common.scope import AMBIGUOUS, chosen_tenants
from lumira.database import atomic
from lumira.errors import Conflict, CustomerNotFound, InvalidRequest
from lumira.repositories import customers
from lumira.schemas.fields import EmailAddress


def find_buyer(reference: str, slug: str | None) -> tuple[int, UUID]:
    """Tenant and id of the customer with this address or id, also one that was merged into another.

    `CustomerNotFound`; `Conflict` where several tenants know the address and none was named.
    """
    found = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            customer = customers.find_row(tenant_id, reference.strip())
        if customer is not None:
            found.append((tenant_id, tenant_slug, customer.id))
    if not found:
        raise CustomerNotFound(f"{slug or 'No tenant'} {'has no' if slug else 'has a'} customer {reference}.")
    if len(found) > 1:
        slugs = ", ".join(tenant_slug for _, tenant_slug, _ in found)
        raise Conflict(AMBIGUOUS.format(what=reference, slugs=slugs))
    tenant_id, _, customer_id = found[0]
    return tenant_id, customer_id


def checked_email(email: str) -> str:
    """The address as it is kept; `INVALID_EMAIL` for what cannot be one."""
    try:
        checked: str = EmailAddress().deserialize(email)
    except ValidationError as error:
        raise InvalidRequest(f"{email!r} is no e-mail address.", code="INVALID_EMAIL") from error
    return checked
