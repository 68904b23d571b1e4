"""Orders and invoices that staff delete or edit in Dolibarr are marked, and not repaired."""

from datetime import date
from decimal import Decimal

from lumira.clients import dolibarr
from lumira.clients.dolibarr import NewLine
from lumira.database import atomic, db
from lumira.models import CrmElement, CrmLink
from lumira.services.crm.receive_notification import receive_notification
from tests.support.factories import load_order, open_payment

DAY = date(2026, 11, 20)
LINE = NewLine("Course", 1, Decimal("20"), Decimal(0))


def linked_order(crm) -> int:
    """Write an order to Dolibarr, and link it."""
    linked = crm.link("buyer@example.com", "A buyer")
    order = load_order(crm.brand, open_payment(crm.brand).order_number)
    account = crm.dolibarr.account
    dolibarr_id = dolibarr.create_order(
        account, third_party_id=linked.dolibarr_id, lumira_id=str(order.id), day=DAY, lines=[LINE]
    )
    with atomic(crm.brand.id):
        db.session.add(
            CrmLink(
                tenant_id=crm.brand.id,
                element=CrmElement.ORDER,
                subject=str(order.id),
                customer_id=linked.customer_id,
                order_id=order.id,
                dolibarr_id=dolibarr_id,
                amount=2000,
            )
        )
    return dolibarr_id


def noticed(crm) -> list[str | None]:
    return [link.noticed for link in crm.links() if link.element is CrmElement.ORDER]


def report(crm, code: str, dolibarr_id: int) -> None:
    receive_notification(crm.brand.id, {"triggercode": code, "object": {"id": dolibarr_id}})
    crm.read()


def test_a_document_that_staff_deleted_is_marked(crm) -> None:
    order_id = linked_order(crm)
    crm.dolibarr.staff("DELETE", f"/orders/{order_id}")

    report(crm, "ORDER_DELETE", order_id)

    assert noticed(crm) == ["deleted"]


def test_a_document_with_another_total_is_marked_until_it_is_as_before(crm) -> None:
    order_id = linked_order(crm)
    report(crm, "ORDER_MODIFY", order_id)
    assert noticed(crm) == [None]

    dolibarr.add_order_line(crm.dolibarr.account, order_id, LINE)
    report(crm, "ORDER_MODIFY", order_id)
    assert noticed(crm) == ["edited"]

    back = NewLine("Discount", 1, Decimal("-20"), Decimal(0))
    dolibarr.add_order_line(crm.dolibarr.account, order_id, back)
    report(crm, "ORDER_MODIFY", order_id)
    assert noticed(crm) == [None]
