"""Goods to ship: oldest first, recorded in three clicks or several at once, and what came back."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from lumira.models import Fulfilment, Language, Role
from tests.support import refunds
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order
from tests.support.parcels import ship

pytestmark = pytest.mark.usefixtures("app_context")


def sold(brand: Brand, product: str = "shirt", **sale) -> str:
    return refunds.pay(brand, product, **sale).order_number


def list_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/shipments"


def order_of(brand: Brand, number: str) -> str:
    return f"/dashboard/{brand.slug}/orders/{number}"


def test_the_oldest_order_comes_first_and_says_what_to_ship(app, tenant) -> None:
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    assert "Rien n’est à expédier." in viewer.get(list_of(tenant)).text  # noqa: RUF001 - French
    first, second = sold(tenant, quantity=2), sold(tenant, "cap")
    page = viewer.get(list_of(tenant)).text
    assert page.index(first) < page.index(second)
    assert "2 × Chemise" in page  # noqa: RUF001 - the sign of the page
    assert second not in viewer.get(f"{list_of(tenant)}?product=shirt").text
    assert "/shipments/ship" not in page


def test_a_parcel_is_recorded_in_three_clicks(app, tenant) -> None:
    number = sold(tenant, quantity=2)
    owner = sign_in(app, make_operator(tenant, Role.OWNER))
    form = f"{order_of(tenant, number)}/shipments"
    assert form in owner.get(list_of(tenant)).text
    fields = {"units-0": "1", "carrier": "Colissimo", "tracking_number": "6A12345678901", "seen": "0"}
    reply = owner.submit(form, page=form, **fields)
    assert reply.status_code == 303
    page = owner.get(order_of(tenant, number)).text
    assert 'href="https://www.laposte.fr/outils/suivre-vos-envois?code=6A12345678901"' in page
    # The same form, sent again.
    owner.submit(form, page=form, **fields)
    order = load_order(tenant, number)
    assert (len(order.shipments), order.fulfilment) == (1, Fulfilment.PARTIALLY_SHIPPED)


def test_bad_input_stays_in_the_form_and_records_nothing(app, tenant) -> None:
    number = sold(tenant)
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    form = f"{order_of(tenant, number)}/shipments"
    for fields, sentence in (
        ({"units-0": "0"}, "Choose at least one item."),
        ({"units-0": "1", "tracking_url": "javascript:alert(1)"}, "it begins with https://"),
        ({"units-0": "1", "tracking_number": "<b>"}, "Write the number of the label"),
    ):
        reply = owner.submit(form, page=form, seen="0", **fields)
        assert reply.status_code == 400
        assert sentence in reply.text
    assert load_order(tenant, number).shipments == []


def test_several_orders_are_marked_at_once(app, tenant) -> None:
    numbers = [sold(tenant), sold(tenant, "cap")]
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    owner.submit(f"{list_of(tenant)}/ship", page=list_of(tenant), order=numbers)
    assert "Parcels recorded: 2." in owner.get(list_of(tenant)).text
    assert {load_order(tenant, number).fulfilment for number in numbers} == {Fulfilment.SHIPPED}
    # One that cannot be shipped is named, and stops no other.
    third = sold(tenant)
    owner.submit(f"{list_of(tenant)}/ship", page=list_of(tenant), order=[numbers[0], third])
    assert "An order was refused" in owner.get(list_of(tenant)).text
    assert load_order(tenant, third).fulfilment is Fulfilment.SHIPPED


def test_a_disputed_order_says_why_it_is_not_shipped(app, tenant) -> None:
    opened = refunds.pay(tenant, "shirt")
    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    page = owner.get(list_of(tenant)).text
    assert "Payment disputed: wait for the bank" in page
    assert f'value="{opened.order_number}"' not in page


def test_a_delivery_and_a_return_are_recorded_on_the_order(app, tenant) -> None:
    number = sold(tenant, quantity=2)
    ship(tenant, number)
    shipment = load_order(tenant, number).shipments[0]
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    page = order_of(tenant, number)
    owner.submit(f"{page}/shipments/{shipment.id}/deliver", page=page)
    assert load_order(tenant, number).fulfilment is Fulfilment.DELIVERED
    owner.confirm()
    fields = {"restockable-0": "1", "damaged-0": "1", "reason": "Too small.", "refund": "yes", "seen": "0"}
    owner.submit(f"{page}/returns", page=f"{page}/returns", **fields)
    order = load_order(tenant, number)
    assert order.fulfilment is Fulfilment.RETURNED
    assert [request.amount for request in order.refund_requests] == [2 * 5900]
    shown = owner.get(page).text
    assert "Too small." in shown
    assert "damaged" in shown


def test_a_lost_parcel_is_to_be_shipped_again(app, tenant) -> None:
    number = sold(tenant)
    ship(tenant, number)
    shipment = load_order(tenant, number).shipments[0]
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    page = order_of(tenant, number)
    owner.submit(f"{page}/shipments/{shipment.id}/cancel", page=page)
    assert number in owner.get(list_of(tenant)).text


def test_the_number_of_a_parcel_is_corrected_and_its_link_follows(app, tenant) -> None:
    number = sold(tenant)
    ship(tenant, number, carrier="colissimo", tracking_number="6A00000000001")
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    page = order_of(tenant, number)
    form = f"{page}/shipments/{load_order(tenant, number).shipments[0].id}/tracking"
    assert form in owner.get(page).text
    wrong = owner.submit(form, page=form, tracking_number="?")
    assert (wrong.status_code, "Write the number of the label" in wrong.text) == (400, True)
    assert "Write what is to be corrected." in owner.submit(form, page=form).text
    owner.submit(form, page=form, carrier="Colissimo", tracking_number="6A00000000002", tracking_url="")
    assert "code=6A00000000002" in owner.get(page).text


def test_the_form_of_a_return_warns_of_a_refund_by_hand(app, tenant) -> None:
    opened = refunds.pay(tenant, "shirt", quantity=2)
    ship(tenant, opened.order_number)
    owner = sign_in(app, make_operator(tenant, Role.OWNER, language=Language.ENGLISH))
    form = f"{order_of(tenant, opened.order_number)}/returns"
    assert "Refunded by hand already" not in owner.get(form).text
    refunds.refund(tenant, opened, 700)
    shown = owner.get(form).text
    assert "Refunded by hand already" in shown
    assert "€7.00 without naming an item" in shown
    assert 'name="refund" value="yes" aria' in shown


def test_an_expert_sees_no_address(app, tenant) -> None:
    expert = sign_in(app, make_operator(tenant, Role.EXPERT))
    assert expert.get(list_of(tenant)).status_code in (403, 404)


def test_packing_slips_are_printed_before_and_after_the_shipment(app, tenant) -> None:
    numbers = [sold(tenant), sold(tenant, "cap")]
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    printed = viewer.submit(f"{list_of(tenant)}/slips", page=list_of(tenant), order=numbers)
    assert (printed.status_code, printed.mimetype) == (200, "application/pdf")
    texts = [page.extract_text() for page in PdfReader(BytesIO(printed.data)).pages]
    assert [number in text for number, text in zip(numbers, texts, strict=True)] == [True, True]

    ship(tenant, numbers[0], carrier="UPS", tracking_number="1Z999AA10123456784")
    shipment = load_order(tenant, numbers[0]).shipments[0]
    slip = viewer.get(f"{order_of(tenant, numbers[0])}/shipments/{shipment.id}/slip")
    text = PdfReader(BytesIO(slip.data)).pages[0].extract_text()
    assert "1Z999AA10123456784" in text
    assert "59" not in text.replace(numbers[0], "")
