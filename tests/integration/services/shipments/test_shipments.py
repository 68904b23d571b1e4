"""Goods are shipped in parcels; the database refuses more than was bought."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.errors.customers import NotErasable
from lumira.errors.parcels import InvalidTracking, NotShippable, ParcelsChanged
from lumira.models import Fulfilment, MessageKind, MessageStatus, OrderStatus
from lumira.repositories.orders import orders
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support.factories import BUYER, Brand, load_order, open_cart, open_payment, pending_messages
from tests.support.parcels import change, deliver_parcel, ship
from tests.support.refunds import audited, deliver_events, disputed, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")


def sold(brand: Brand, product: str = "shirt", quantity: int = 3) -> str:
    return pay(brand, product, quantity=quantity).order_number


def fulfilment(brand: Brand, number: str) -> Fulfilment:
    return load_order(brand, number).fulfilment


def count_units(brand: Brand, order_id: UUID, shipped: int, returned: int) -> None:
    with atomic(brand.id):
        [line] = orders.lock_order(brand.id, order_id).lines
        line.shipped_quantity, line.returned_quantity = shipped, returned


def test_goods_are_shipped_in_parts_and_each_parcel_is_followed(tenant) -> None:
    number = sold(tenant)
    assert fulfilment(tenant, number) is Fulfilment.TO_SHIP
    ship(tenant, number, {"shirt": 1}, carrier="Colissimo", tracking_number="6A 123 456 789 01")
    assert fulfilment(tenant, number) is Fulfilment.PARTIALLY_SHIPPED
    shipped = ship(tenant, number)
    assert (shipped.lines, shipped.fulfilment) == ([{"product_id": "shirt", "quantity": 2}], "shipped")

    order = load_order(tenant, number)
    [first, second] = order.shipments
    assert first.carrier == "colissimo"
    assert first.tracking_url == "https://www.laposte.fr/outils/suivre-vos-envois?code=6A12345678901"
    assert second.tracking_url is None
    assert order.lines[0].shipped_quantity == 3
    assert order.status is OrderStatus.COMPLETED
    assert [entry.actor for entry in audited(tenant, "shipment_recorded")] == ["operator"] * 2


def test_an_order_is_delivered_with_its_last_parcel(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number, {"shirt": 1})
    ship(tenant, number)
    deliver_parcel(tenant, number, utc_now(), 0)
    assert fulfilment(tenant, number) is Fulfilment.SHIPPED
    deliver_parcel(tenant, number, utc_now(), 1)
    assert fulfilment(tenant, number) is Fulfilment.DELIVERED
    assert len(audited(tenant, "shipment_delivered")) == 2


def test_the_delivery_that_was_recorded_first_stays(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number)
    first = deliver_parcel(tenant, number, utc_now())
    assert deliver_parcel(tenant, number, utc_now()).delivered_at == first.delivered_at


def test_the_buyer_gets_one_message_for_each_parcel(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number, {"shirt": 1})
    ship(tenant, number)
    order = load_order(tenant, number)
    assert pending_messages(tenant, order.id).count(MessageKind.ORDER_SHIPPED) == 2
    change(tenant, number, tracking_number="X1", carrier="ups")
    assert pending_messages(tenant, order.id).count(MessageKind.ORDER_SHIPPED) == 2


def test_more_than_is_to_be_shipped_is_refused(tenant) -> None:
    number = sold(tenant)
    with pytest.raises(NotShippable, match="3 units of shirt are to be shipped, 4 were named"):
        ship(tenant, number, {"shirt": 4})
    with pytest.raises(NotShippable, match="0 units of cap"):
        ship(tenant, number, {"cap": 1})
    assert load_order(tenant, number).shipments == []


def test_the_database_refuses_more_units_than_were_bought(tenant) -> None:
    number = sold(tenant)
    order_id = load_order(tenant, number).id
    for shipped, returned in ((4, 0), (1, 2), (0, -1)):
        with pytest.raises(IntegrityError, match="shipped_before_returned"):
            count_units(tenant, order_id, shipped, returned)


def test_a_form_that_is_sent_twice_records_one_parcel(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number, {"shirt": 1}, seen=0)
    with pytest.raises(ParcelsChanged):
        ship(tenant, number, {"shirt": 1}, seen=0)
    assert len(load_order(tenant, number).shipments) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://www.laposte.fr/suivi",
        "javascript:alert(1)",
        "https://",
        "https://localhost/",
        "https://192.0.2.1/",
        "https://user:secret@carrier.example/",
        "https://carrier.example:8443/",
        "https://carrier.example/a b",
        'https://carrier.example/"onclick=',
        "https://carrier.example\\@evil.example/",
        "//carrier.example/",
        "https://bücher.example/",
    ],
)
def test_a_link_that_is_no_page_of_a_carrier_is_refused(tenant, url: str) -> None:
    number = sold(tenant)
    with pytest.raises(InvalidTracking) as refused:
        ship(tenant, number, tracking_url=url)
    assert list(refused.value.fields or {}) == ["trackingUrl"]
    assert load_order(tenant, number).shipments == []


@pytest.mark.parametrize("tracking_number", ["<b>1</b>", "1" * 61, "\u2116 12", "4242424242424242"])
def test_a_number_that_no_carrier_has_is_refused(tenant, tracking_number: str) -> None:
    number = sold(tenant)
    with pytest.raises(InvalidTracking):
        ship(tenant, number, tracking_number=tracking_number)


def test_the_name_of_a_carrier_is_one_line(tenant) -> None:
    assert ship(tenant, sold(tenant), carrier="Vélo\r\nexpress").carrier == "Vélo express"


def test_a_time_that_cannot_be_is_refused(tenant) -> None:
    number = sold(tenant)
    with pytest.raises(InvalidRequest, match="future"):
        ship(tenant, number, shipped_at=utc_now() + timedelta(hours=1))
    with pytest.raises(InvalidRequest, match="before"):
        ship(tenant, number, shipped_at=utc_now() - timedelta(days=400))
    ship(tenant, number)
    with pytest.raises(InvalidRequest, match="before"):
        deliver_parcel(tenant, number, utc_now() - timedelta(days=1))


def test_an_unpaid_order_is_not_shipped(tenant) -> None:
    number = open_payment(tenant, "shirt").order_number
    with pytest.raises(NotShippable, match="is not paid"):
        ship(tenant, number)


def test_an_order_without_goods_is_not_shipped(tenant) -> None:
    with pytest.raises(NotShippable, match="has no goods"):
        ship(tenant, pay(tenant).order_number)


def test_a_refund_before_the_shipment_leaves_nothing_to_ship(tenant) -> None:
    opened = pay(tenant, "shirt", quantity=3)
    refund(tenant, opened)
    deliver_events(tenant)
    assert fulfilment(tenant, opened.order_number) is Fulfilment.NONE
    with pytest.raises(NotShippable, match="is refunded"):
        ship(tenant, opened.order_number)


def test_a_disputed_order_is_not_shipped_until_the_bank_has_decided(tenant) -> None:
    opened = pay(tenant, "shirt")
    disputed(tenant, opened)
    deliver_events(tenant)
    with pytest.raises(NotShippable, match="is disputed"):
        ship(tenant, opened.order_number)


def test_a_cancelled_parcel_is_shipped_again(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number)
    change(tenant, number, is_cancelled=True)
    order = load_order(tenant, number)
    assert (order.fulfilment, order.lines[0].shipped_quantity) == (Fulfilment.TO_SHIP, 0)
    ship(tenant, number)
    assert fulfilment(tenant, number) is Fulfilment.SHIPPED
    with pytest.raises(NotShippable, match="is cancelled"):
        change(tenant, number, 0, tracking_number="X1")
    assert len(audited(tenant, "shipment_cancelled")) == 1


def test_a_delivered_parcel_is_not_cancelled(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number)
    deliver_parcel(tenant, number, utc_now())
    with pytest.raises(NotShippable, match="record a return"):
        change(tenant, number, is_cancelled=True)


def test_a_corrected_number_leads_to_its_own_page(tenant) -> None:
    number = sold(tenant)
    ship(tenant, number, carrier="ups", tracking_number="1Z999AA10123456784")
    corrected = change(tenant, number, tracking_number="1Z999AA10123456785")
    assert corrected.tracking_url == "https://www.ups.com/track?tracknum=1Z999AA10123456785"
    assert len(audited(tenant, "shipment_corrected")) == 1


def test_a_cart_ships_its_goods_only(tenant) -> None:
    opened = open_cart(tenant, {"shirt": 1, "mystique": 1})
    with pytest.raises(NotShippable, match="is not paid"):
        ship(tenant, opened.order_number)


def test_an_erasure_waits_for_the_goods_and_removes_the_number_of_the_parcel(tenant) -> None:
    number = sold(tenant)
    with atomic(tenant.id):
        orders.get_order(tenant.id, number).shipping_address = {
            "country": "FR",
            "name": "Ana",
            "line1": "1 rue de la Paix",
            "city": "Paris",
        }
    with pytest.raises(NotErasable, match="goods that are not shipped"):
        erase_customer(tenant.id, BUYER, actor="test")
    ship(tenant, number, carrier="ups", tracking_number="1Z999AA10123456784")
    exported = export_customer(tenant.id, BUYER, actor="test").rows
    assert exported["shipments"][0]["tracking_number"] == "1Z999AA10123456784"
    assert exported["shipment_lines"][0]["quantity"] == 3

    erase_customer(tenant.id, BUYER, actor="test")
    order = load_order(tenant, number)
    assert (order.shipments[0].tracking_number, order.shipments[0].tracking_url) == (None, None)
    assert order.fulfilment is Fulfilment.SHIPPED
    assert {each.status for each in order.messages if each.kind is MessageKind.ORDER_SHIPPED} == {
        MessageStatus.SUPERSEDED
    }


def test_an_erasure_does_not_wait_for_goods_of_a_shop_that_asks_for_no_address(tenant) -> None:
    number = sold(tenant)
    erase_customer(tenant.id, BUYER, actor="test")
    assert load_order(tenant, number).customer_email is None
