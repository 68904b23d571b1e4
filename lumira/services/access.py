"""Who may open what."""

from sqlalchemy import select

from lumira.database import db
from lumira.models import AccessGrant, Customer, email_key


def list_grants(
    tenant_id: int, *, customer_email: str, product_id: str | None = None, level: int | None = None
) -> list[AccessGrant]:
    """Live and past grants of one customer, newest first, of one product or level if asked."""
    query = (
        select(AccessGrant)
        .join(
            Customer,
            (Customer.tenant_id == AccessGrant.tenant_id) & (Customer.id == AccessGrant.customer_id),
        )
        .where(AccessGrant.tenant_id == tenant_id, Customer.email_key == email_key(customer_email))
        .order_by(AccessGrant.id.desc())
    )
    if product_id is not None:
        query = query.where(AccessGrant.product_id == product_id)
    if level is not None:
        query = query.where(AccessGrant.level_number == level)
    return list(db.session.execute(query).scalars())
