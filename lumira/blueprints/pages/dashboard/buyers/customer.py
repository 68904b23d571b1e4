"""One customer: what they bought, what they can access, their links, and what an operator changes about it."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.forms import read_days
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.clock import utc_now
from lumira.domain.operators import Role
from lumira.errors import LumiraError, NotFound
from lumira.pages.dashboard import customer_page
from lumira.pages.dashboard.crm_page import shown_records
from lumira.pages.dashboard.rendering import explain
from lumira.services.access import change_access
from lumira.services.access.manage_links import create_link, revoke_links
from lumira.services.crm.view_records import view_customer_records
from lumira.services.customers.view_customers import view_customer
from lumira.services.customers.view_profile import view_profile

_MAX_NOTE = 500


@dashboard.page("/customers/<uuid:customer_id>", may=Role.VIEWER)
def show(customer_id: UUID) -> Response:
    """The profile; that of a merged customer leads to the one it was merged into."""
    profile = view_profile(visit.shop().tenant_id, customer_id)
    current = profile.view.customer
    if current.id != customer_id:
        return redirect_to(path_of(current.id))
    return page(
        "customer.html.jinja",
        customer=current,
        profile=profile,
        access=customer_page.group_access(profile),
        path=path_of(current.id),
        max_days=change_access.MAX_DAYS,
        now=utc_now(),
        max_note=_MAX_NOTE,
        crm=shown_records(
            view_customer_records(visit.shop().tenant_id, current.id), visit.shop().slug, language()
        ),
    )


@dashboard.page("/customers/<uuid:customer_id>/access", may=Role.OWNER, methods=["POST"])
def give(customer_id: UUID) -> Response:
    """Give access to a product without an order."""
    try:
        days = read_days(request.form.get("days", ""))
    except ValueError:
        return failed("customer.invalid_days", to=path_of(customer_id))
    note = request.form.get("note", "").replace("\x00", "").strip()

    def act(tenant_id: int, actor: str) -> str:
        change_access.grant_access(
            tenant_id,
            customer_email=email_of(tenant_id, customer_id),
            product_id=checked_name(request.form.get("product", "")),
            days=days,
            note=note[:_MAX_NOTE] or None,
            actor=actor,
        )
        return "given"

    return act_on(customer_id, act)


@dashboard.page(
    "/customers/<uuid:customer_id>/access/<product_id>/<change>", may=Role.OWNER, methods=["POST"]
)
def change(customer_id: UUID, product_id: str, change: str) -> Response:
    """Revoke or restore access to a product."""
    changes = {"revoke": change_access.revoke_access, "restore": change_access.restore_access}
    if change not in changes:
        raise NotFound("There is no such action.")

    def act(tenant_id: int, actor: str) -> str:
        changes[change](tenant_id, customer_id=customer_id, product_id=checked_name(product_id), actor=actor)
        return f"{change}d"

    return act_on(customer_id, act)


@dashboard.page("/customers/<uuid:customer_id>/links", may=Role.OWNER, methods=["POST"])
def show_link(customer_id: UUID) -> Response:
    """Show a link to the portal: it opens the purchases without a password, so it is in no message and no cookie."""
    tenant_id = visit.shop().tenant_id
    try:
        created = create_link(tenant_id, email_of(tenant_id, customer_id), actor=visit.operator().actor)
    except LumiraError as error:
        return refusal(error, to=path_of(customer_id))
    return page("customer_link.html.jinja", created=created, path=path_of(customer_id))


@dashboard.page("/customers/<uuid:customer_id>/links", may=Role.VIEWER)
def return_from_link(customer_id: UUID) -> Response:
    """Lead back to the customer: the address of the form has no page."""
    return redirect_to(path_of(customer_id))


@dashboard.page("/customers/<uuid:customer_id>/links/revoke", may=Role.OWNER, methods=["POST"])
def revoke(customer_id: UUID) -> Response:
    """Revoke all links to the portal."""

    def act(tenant_id: int, actor: str) -> str:
        revoked = revoke_links(tenant_id, str(customer_id), actor=actor)
        return "links_revoked" if revoked else "no_live_link"

    return act_on(customer_id, act)


def act_on(customer_id: UUID, act: Callable[[int, str], str]) -> Response:
    """Act, and lead back to the customer with the message that `act` names: also if a use case refuses it."""
    try:
        message = act(visit.shop().tenant_id, visit.operator().actor)
    except LumiraError as error:
        return refusal(error, to=path_of(customer_id))
    return done(f"customer.{message}", to=path_of(customer_id))


def refusal(error: LumiraError, *, to: str) -> Response:
    """Lead back with what a use case refused, and what to do; raises what was not found."""
    if isinstance(error, NotFound):
        raise error
    is_later = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failed("customer.later" if is_later else "customer.refused", to=to, why=explain(error, language()))


def email_of(tenant_id: int, customer_id: UUID) -> str:
    """The address of a customer, merges followed; raises `CustomerNotFound`, also if it was erased."""
    customer = view_customer(tenant_id, str(customer_id)).customer
    if customer.erased_at is not None:
        raise NotFound("The personal data of this customer was erased.")
    return customer.email


def path_of(customer_id: UUID) -> str:
    """The path of a customer's page."""
    return f"{visit.shop().path}/customers/{customer_id}"
