"""The address that Dolibarr posts its notifications to, and another secret for it."""

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.services.crm.notification_secret import replace_notification_secret


@dashboard.page("/settings/crm/notifications", may=Role.OWNER, methods=["POST"], recent=True)
def replace() -> Response:
    """Make another address: Dolibarr's notifications are refused until it is entered there."""
    replace_notification_secret(visit.shop().tenant_id, actor=visit.operator().actor)
    return done("differences.secret_replaced", to=f"{visit.shop().path}/settings/crm")
