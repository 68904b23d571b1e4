"""Let the records of an order or of a customer be written to Dolibarr again."""

from collections.abc import Callable
from uuid import UUID

from flask import Response

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.pages.dashboard.rendering import explain
from lumira.services.crm.retry_tasks import sync_customer_again, sync_order_again
from lumira.services.orders.find_order import find_order


@dashboard.page("/orders/<number>/crm", may=Role.OWNER, methods=["POST"])
def sync_order(number: str) -> Response:
    """Compare and write the order's records again."""
    order = find_order(visit.shop().tenant_id, checked_reference(number))
    return _sync(
        lambda tenant_id, actor: sync_order_again(tenant_id, order.id, actor=actor),
        to=f"{visit.shop().path}/orders/{order.order_number}",
    )


@dashboard.page("/customers/<uuid:customer_id>/crm", may=Role.OWNER, methods=["POST"])
def sync_customer(customer_id: UUID) -> Response:
    """Compare and write the customer's third party again."""
    return _sync(
        lambda tenant_id, actor: sync_customer_again(tenant_id, customer_id, actor=actor),
        to=f"{visit.shop().path}/customers/{customer_id}",
    )


def _sync(action: Callable[[int, str], int], *, to: str) -> Response:
    try:
        count = action(visit.shop().tenant_id, visit.operator().actor)
    except LumiraError as error:
        return failed("crm.refused", to=to, why=explain(error, language()))
    return done("crm.synced" if count else "crm.nothing_to_sync", to=to)
