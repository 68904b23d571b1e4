"""One order of a shop: its story on one page, and its receipts."""

from uuid import UUID

from flask import Response

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.streaming import stream_pdf
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.documents import receipt_pdf
from lumira.domain.operators import Role
from lumira.pages.dashboard.crm_page import shown_records
from lumira.pages.dashboard.order_page import OrderPage
from lumira.services.crm.view_records import view_order_records
from lumira.services.orders.open_receipt import open_receipt
from lumira.services.orders.view_order_story import view_order_story


@dashboard.page("/orders/<number>", may=Role.VIEWER)
def show(number: str) -> Response:
    """Everything about one order, and what can be done about it."""
    story = view_order_story(visit.shop().tenant_id, checked_reference(number))
    path = f"{visit.shop().path}/orders/{story.order.order_number}"
    if number != story.order.order_number:
        return redirect_to(path)
    shown = OrderPage(story, language())
    records = view_order_records(visit.shop().tenant_id, story.order.id)
    return page(
        "order.html.jinja",
        shown=shown,
        story=story,
        order=story.order,
        path=path,
        crm=shown_records(records, visit.shop().slug, language()),
    )


@dashboard.page("/orders/<number>/receipts/<uuid:receipt_id>", may=Role.VIEWER)
def show_receipt(number: str, receipt_id: UUID) -> Response:
    """One receipt or credit note as a PDF."""
    opened = open_receipt(visit.shop().tenant_id, checked_reference(number), receipt_id)
    content = receipt_pdf.render(opened.receipt, locale=opened.locale)
    return stream_pdf(content, disposition=opened.disposition)
