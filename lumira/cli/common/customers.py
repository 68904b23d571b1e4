"""The customer of a command: by address or id, in one tenant or in the only tenant that has it."""

from uuid import UUID

from marshmallow import ValidationError

from lumira.cli.common.scope import AMBIGUOUS, chosen_tenants
from lumira.database import atomic
from lumira.errors import Conflict, InvalidRequest
from lumira.errors.customers import CustomerNotFound
from lumira.repositories.customers import customers
from lumira.schemas.fields import EmailAddress


def find_buyer(reference: str, slug: str | None) -> tuple[int, UUID]:
    """Return the tenant and id of the customer with this address or id, a merged one included.

    Raises `CustomerNotFound`, and `Conflict` if several tenants have the customer and none was named.
    """
    matches = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            customer = customers.find_by_reference(tenant_id, reference.strip())
        if customer is not None:
            matches.append((tenant_id, tenant_slug, customer.id))
    if not matches:
        raise CustomerNotFound(f"{slug or 'No tenant'} {'has no' if slug else 'has a'} customer {reference}.")
    if len(matches) > 1:
        slugs = ", ".join(tenant_slug for _, tenant_slug, _ in matches)
        raise Conflict(AMBIGUOUS.format(what=reference, slugs=slugs))
    tenant_id, _, customer_id = matches[0]
    return tenant_id, customer_id


def checked_email(email: str) -> str:
    """Return the address in normalised form; raises `InvalidRequest` with code `INVALID_EMAIL`."""
    try:
        checked: str = EmailAddress().deserialize(email)
    except ValidationError as error:
        raise InvalidRequest(f"{email!r} is not a valid e-mail address.", code="INVALID_EMAIL") from error
    return checked
