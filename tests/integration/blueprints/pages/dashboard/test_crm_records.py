"""An order's page shows what staff did to its records in Dolibarr, and what is left to an operator there."""

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import CrmElement, CrmLink, LostDisputePolicy
from lumira.services.crm.receive_notification import receive_notification
from tests.support import crm, refunds
from tests.support.crm_reading import CrmBrand
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand
from tests.support.refunds import deliver_events, pay

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def shop(tenant: Brand, dolibarr_server: DolibarrSandbox) -> Brand:
    crm.connect(tenant, dolibarr_server)
    return tenant


def path(brand: Brand, order_number: str) -> str:
    return f"/dashboard/{brand.slug}/orders/{order_number}"


def report(brand: Brand, server: DolibarrSandbox, code: str, dolibarr_id: int) -> None:
    receive_notification(brand.id, {"triggercode": code, "object": {"id": dolibarr_id}})
    CrmBrand(brand, server).read()


def order_id_of(brand: Brand) -> int:
    [link] = [link for link in crm.links(brand) if link.element is CrmElement.ORDER]
    return link.dolibarr_id


def test_a_record_that_staff_deleted_is_shown_until_it_is_written_anew(
    browser, shop, dolibarr_server
) -> None:
    order = crm.buy(shop)
    crm.sync(shop)
    shown = path(shop, order.order_number)
    assert "deleted in Dolibarr" not in browser.get(shown).text

    deleted = order_id_of(shop)
    dolibarr_server.staff("DELETE", f"/orders/{deleted}")
    report(shop, dolibarr_server, "ORDER_DELETE", deleted)
    page = browser.get(shown).text
    assert "deleted in Dolibarr" in page
    assert "“Sync again” writes it anew." in page

    browser.submit(f"{shown}/crm", page=shown)
    crm.sync(shop)
    assert order_id_of(shop) != deleted
    assert "deleted in Dolibarr" not in browser.get(shown).text


def test_a_record_that_staff_edited_is_shown_until_a_sync_finds_it_as_it_was_written(
    browser, shop, dolibarr_server
) -> None:
    order = crm.buy(shop)
    crm.sync(shop)
    shown = path(shop, order.order_number)

    with atomic(shop.id):
        # As if staff had reopened the order and changed a line.
        of_order = (CrmLink.tenant_id == shop.id) & (CrmLink.element == CrmElement.ORDER)
        db.session.execute(update(CrmLink).where(of_order).values(amount=order.amount + 100))
    report(shop, dolibarr_server, "ORDER_MODIFY", order_id_of(shop))
    page = browser.get(shown).text
    assert "edited in Dolibarr" in page
    assert "Its total is no longer the one that was written." in page

    # Both totals are the same again, and no notification says so.
    browser.submit(f"{shown}/crm", page=shown)
    crm.sync(shop)
    assert "edited in Dolibarr" not in browser.get(shown).text


def test_a_lost_dispute_that_is_left_to_an_operator_is_not_shown_as_written(
    browser, tenant, dolibarr_server
) -> None:
    crm.connect(tenant, dolibarr_server, lost_disputes=LostDisputePolicy.REVIEW)
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.close_dispute(tenant, dispute["id"], "lost")
    deliver_events(tenant)
    crm.sync(tenant)

    page = browser.get(path(tenant, opened.order_number)).text
    assert "nothing to write" in page
    assert "decide in Dolibarr what becomes of the invoice" in page
