"""An operator sets or corrects the buyer's address: access follows, receipts stay."""

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors import Conflict
from lumira.models import Customer, Receipt
from lumira.repositories.messages import message_claims
from lumira.services.customers.view_customers import view_customer
from lumira.services.orders.change_address import AddressChange, change_address
from lumira.services.privacy.erase_customer import erase_customer
from tests.support import seller
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

TYPO, OWN = "ana@exmaple.com", "ana@example.com"


def correct(brand: Brand, order_number: str, email: str = OWN) -> AddressChange:
    order = load_order(brand, order_number)
    return change_address(brand.id, order.id, email, actor="operator")


def test_an_order_of_several_keeps_the_others_with_their_customer(tenant):
    pay(tenant, "intuitive", customer_email=TYPO)
    opened = pay(tenant, customer_email=TYPO)

    assert correct(tenant, opened.order_number).orphan is None
    assert view_customer(tenant.id, TYPO).figures.total_orders == 1
    assert view_customer(tenant.id, OWN).figures.total_orders == 1


def test_a_customer_without_any_order_left_is_named(tenant):
    opened = pay(tenant, customer_email=TYPO)

    orphan = correct(tenant, opened.order_number).orphan

    assert isinstance(orphan, Customer)
    assert orphan.email == TYPO


def test_a_free_product_that_the_right_customer_ordered_too_stays_one_of_each(tenant):
    own, other = (open_payment(tenant, "simple", customer_email=email) for email in (OWN, TYPO))

    correct(tenant, other.order_number)

    assert open_payment(tenant, "simple", customer_email=OWN).order_number == own.order_number
    assert open_payment(tenant, "simple", customer_email=TYPO).order_number != other.order_number


def test_receipts_stay_as_they_were_issued(make_brand):
    brand = make_brand(seller=seller.EXEMPT)
    opened = pay(brand, customer_email=TYPO, customer_name="Ana")

    correct(brand, opened.order_number)

    with atomic(brand.id):
        [receipt] = db.session.execute(select(Receipt)).scalars()
    assert receipt.buyer == {"name": "Ana", "email": TYPO}


def test_the_address_does_not_change_while_a_message_is_being_sent(tenant):
    opened = pay(tenant, customer_email=TYPO)
    with atomic(tenant.id):
        assert message_claims.claim_due(tenant.id, 1)

    with pytest.raises(Conflict, match="being sent"):
        correct(tenant, opened.order_number)
    assert load_order(tenant, opened.order_number).customer_email == TYPO


def test_an_erased_order_gets_no_address_again(tenant):
    opened = pay(tenant)
    erase_customer(tenant.id, BUYER, actor="operator")

    with pytest.raises(Conflict, match="erased"):
        correct(tenant, opened.order_number)


def test_the_same_address_is_refused(tenant):
    opened = pay(tenant)
    with pytest.raises(Conflict, match="already"):
        correct(tenant, opened.order_number, BUYER)
