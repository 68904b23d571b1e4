"""A data subject's rights: the export of everything that is stored, and its erasure."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Response, request, send_file

from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.buyers.customer import email_of, path_of, refusal
from lumira.blueprints.pages.dashboard.replies import done, failed, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.data_subjects.archive import open_archive
from lumira.data_subjects.erase import erase_data_subject
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.services.privacy.export_customer import export_customer
from lumira.services.privacy.list_kept_contracts import list_kept_contracts


@dashboard.page(
    "/customers/<uuid:customer_id>/export", may=Role.OWNER, methods=["POST"], recent=True, reading=True
)
def export(customer_id: UUID) -> Response:
    """All personal data as one ZIP file."""
    tenant_id = visit.shop().tenant_id
    try:
        exported = export_customer(tenant_id, email_of(tenant_id, customer_id), actor=visit.operator().actor)
        archive = open_archive(exported)
    except LumiraError as error:
        return refusal(error, to=path_of(customer_id))
    name = f"customer-{customer_id}-{datetime.now(UTC):%Y-%m-%d}.zip"
    return send_file(archive, mimetype="application/zip", as_attachment=True, download_name=name)


@dashboard.page("/customers/<uuid:customer_id>/export", may=Role.OWNER)
def return_from_export(customer_id: UUID) -> Response:
    """Lead back to the customer: the address of the form has no page."""
    return redirect_to(path_of(customer_id))


@dashboard.page("/customers/<uuid:customer_id>/erase", may=Role.OWNER)
def show_erasure(customer_id: UUID) -> Response:
    """What an erasure removes and what stays, and the form that begins it."""
    tenant_id = visit.shop().tenant_id
    email = email_of(tenant_id, customer_id)
    kept = list_kept_contracts(tenant_id, email)
    return page("customer_erase.html.jinja", email=email, kept=kept, path=path_of(customer_id))


@dashboard.page("/customers/<uuid:customer_id>/erase", may=Role.OWNER, methods=["POST"], recent=True)
@calls_stripe
def erase(customer_id: UUID) -> Response:
    """Erase the personal data, once the address was typed: nothing brings it back."""
    tenant_id = visit.shop().tenant_id
    email = email_of(tenant_id, customer_id)
    here = f"{path_of(customer_id)}/erase"
    if request.form.get("email", "").strip().casefold() != email.casefold():
        return failed("customer.other_address", to=here)
    try:
        erased = erase_data_subject(tenant_id, email, actor=visit.operator().actor)
    except LumiraError as error:
        return refusal(error, to=here)
    message = "erased" if erased.storage_error is None else "erased_without_files"
    return done(
        f"customer.{message}",
        to=path_of(customer_id),
        orders=str(erased.erasure.orders),
        closed=str(erased.closed_orders),
        receipts=str(erased.erasure.receipts),
    )
