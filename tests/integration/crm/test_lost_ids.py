"""A document that lost our id in its extra field is not written a second time."""

from lumira.database import atomic
from lumira.repositories.crm import crm_connections
from lumira.services.crm.retry_tasks import sync_order_again
from tests.support import crm, refunds
from tests.support.crm import cents
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand
from tests.support.refunds import deliver_events, pay


def clear_ids(server: DolibarrSandbox) -> None:
    """Clear the extra field of all documents, as it is if an administrator defines it anew."""
    for path, rows in (("/orders", server.orders()), ("/invoices", server.invoices())):
        for row in rows:
            server.staff("PUT", f"{path}/{row['id']}", array_options={"options_lumira_id": ""})


def totals(server: DolibarrSandbox) -> tuple[int, list[int], list[int]]:
    """The number of orders, and the totals of all invoices and of all payments."""
    return (
        len(server.orders()),
        sorted(cents(row["total_ttc"]) for row in server.invoices()),
        sorted(cents(row["amount"]) for row in server.payments()),
    )


def test_a_sale_is_synced_again_without_a_second_invoice(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop)
    crm.sync(shop)
    clear_ids(dolibarr_server)
    sync_order_again(shop.id, order.id, actor="test")
    crm.sync(shop)

    assert totals(dolibarr_server) == (1, [order.amount], [order.amount])
    assert crm.pending(shop) == crm.parked(shop) == []


def test_a_refund_is_a_credit_note_of_the_invoice_that_is_there(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    opened = pay(shop)
    deliver_events(shop)
    crm.sync(shop)
    clear_ids(dolibarr_server)
    refunds.refund_in_dashboard(shop, opened, amount=1700)
    deliver_events(shop)
    crm.sync(shop)

    assert totals(dolibarr_server) == (1, [-1700, 4700], [-1700, 4700])


def test_a_document_of_another_dolibarr_with_the_same_number_is_not_taken_for_ours(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop)
    crm.sync(shop)
    other = DolibarrSandbox(dolibarr_server.url.partition("/dolibarr/")[0])
    person = other.staff("POST", "/thirdparties", name="Another", client=1)
    for number in range(3):
        other.staff("POST", "/orders", socid=person, date="2026-11-20", ref_ext=f"other-{number}", lines=[])
    with atomic(shop.id) as session:
        connection = session.get_one(crm.CrmConnection, shop.id)
        connection.url = other.url
        crm_connections.set_api_key(connection, other.key)
    sync_order_again(shop.id, order.id, actor="test")
    crm.sync(shop)

    assert totals(other) == (4, [order.amount], [order.amount])
    assert totals(dolibarr_server) == (1, [order.amount], [order.amount])
