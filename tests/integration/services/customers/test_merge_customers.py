"""Two customers become one, and keep their orders and access."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lumira.database import Base, atomic
from lumira.domain.commands import OrderFilter
from lumira.errors.customers import CustomerNotFound, NotMergeable
from lumira.models import AccessLink, CrmConflict, Customer, ManualGrant
from lumira.repositories.customers import customers
from lumira.services.access.change_access import grant_access, revoke_access
from lumira.services.access.view_access import view_access
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.services.customers.merge_customers import MOVED, MergeResult, merge_customers
from lumira.services.customers.view_customers import list_customers, view_customer
from lumira.services.orders.view_orders import list_orders
from lumira.services.privacy.erase_customer import erase_customer
from tests.support import refunds, stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_cart, open_payment, pending_messages
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")

OLD, NEW = "old@example.com", "new@example.com"


def customer_of(brand: Brand, email: str) -> Customer:
    """The customer of this very address, merged or not."""
    with atomic(brand.id):
        found = customers.find_by_reference(brand.id, email)
        assert found is not None
        return found


def merge(brand: Brand, source: str = OLD, target: str = NEW) -> MergeResult:
    ids = [customer_of(brand, email).id for email in (source, target)]
    return merge_customers(brand.id, *ids, actor="operator")


def give(brand: Brand, email: str, product: str = "integrale", days: int | None = None) -> ManualGrant:
    return grant_access(
        brand.id, customer_email=email, product_id=product, days=days, note=None, actor="operator"
    )


def bought_by_both(brand: Brand) -> tuple[PaymentOpened, PaymentOpened]:
    return pay(brand, customer_email=OLD, customer_name="Ana"), pay(brand, "intuitive", customer_email=NEW)


def test_the_target_of_a_merge_has_the_orders_access_and_figures_of_both(tenant):
    old, _ = bought_by_both(tenant)

    merged = merge(tenant)

    assert (merged.customer.email, merged.orders) == (NEW, 1)
    view = view_customer(tenant.id, NEW)
    assert view.figures.total_orders == 2
    assert view.figures.total_spent == {"eur": 4700 + 1400}
    assert {grant.product_id for grant in view.grants} == {"mystique", "intuitive"}
    assert [each.email for each in view.merged] == [OLD]
    assert view.customer.name == "Ana"
    order = load_order(tenant, old.order_number)
    assert order.customer_id == merged.customer.id
    # What was agreed when it was bought stays as it was.
    assert order.customer_email == OLD
    assert pending_messages(tenant, order.id) == ["order_confirmation"]


@pytest.mark.parametrize("address", [OLD, NEW])
def test_after_a_merge_both_addresses_find_the_target(tenant, address):
    bought_by_both(tenant)
    merge(tenant)

    assert view_customer(tenant.id, address).customer.email == NEW
    assert view_access(tenant.id, customer_email=address, product_id="mystique").active
    found, _ = list_orders(tenant.id, OrderFilter(customer_email=address))
    assert len(found) == 2
    assert [line.customer.email for line in list_customers(tenant.id, limit=10)] == [NEW]


def test_a_later_order_with_the_merged_address_belongs_to_the_target(tenant):
    bought_by_both(tenant)
    target = merge(tenant).customer

    later = load_order(tenant, pay(tenant, "strict", customer_email=OLD).order_number)

    assert later.customer_id == target.id
    assert {grant.customer_id for grant in later.grants} == {target.id}
    assert view_customer(tenant.id, NEW).figures.total_orders == 3
    assert len(list_orders(tenant.id, OrderFilter(customer_email=NEW))[0]) == 3
    assert count(tenant, Customer) == 2


def test_a_sale_with_the_merged_address_does_not_delay_access_for_the_target(tenant, settings):
    bought_by_both(tenant)
    target = merge(tenant).customer
    other = create_engine(settings.database_url)

    with atomic(tenant.id), other.connect() as connection:
        customers.find_or_create(tenant.id, email=OLD, name=None)
        # What the foreign key of a grant locks. Settling takes it late, when the sale may wait for its stock.
        locked = text("SELECT id FROM customers WHERE id = :id FOR KEY SHARE NOWAIT")
        assert connection.execute(locked, {"id": target.id}).scalar_one() == target.id
        # Another sale, a merge and an erasure wait.
        with pytest.raises(OperationalError, match="could not obtain lock"):
            connection.execute(
                text("SELECT id FROM customers WHERE id = :id FOR NO KEY UPDATE NOWAIT"), {"id": target.id}
            )
    other.dispose()


def test_a_checkout_session_with_the_merged_address_belongs_to_the_target(tenant):
    bought_by_both(tenant)
    target = merge(tenant).customer

    opened = open_cart(tenant, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email=OLD)
    refunds.deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert (order.customer_id, order.customer_email) == (target.id, OLD)
    assert len(list_orders(tenant.id, OrderFilter(customer_email=NEW))[0]) == 3


def test_a_payment_after_the_merge_grants_access_to_the_target(tenant):
    open_payment(tenant, "simple", customer_email=NEW)
    opened = open_payment(tenant, customer_email=OLD)
    target = merge(tenant).customer

    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    refunds.deliver_events(tenant)

    [grant] = load_order(tenant, opened.order_number).grants
    assert grant.customer_id == target.id
    assert view_access(tenant.id, customer_email=NEW, product_id="mystique").active


def test_a_refund_after_the_merge_revokes_the_moved_grant(tenant):
    old, _ = bought_by_both(tenant)
    merge(tenant)

    refunds.refund(tenant, old)

    assert not view_access(tenant.id, customer_email=NEW, product_id="mystique").active
    assert view_customer(tenant.id, NEW).figures.total_spent == {"eur": 1400}


def test_a_free_product_that_both_ordered_is_not_ordered_again(tenant):
    first = open_payment(tenant, "simple", customer_email=OLD)
    second = open_payment(tenant, "simple", customer_email=NEW)

    merge(tenant)

    assert load_order(tenant, first.order_number).free_product_id is None
    for address in (OLD, NEW):
        assert open_payment(tenant, "simple", customer_email=address).order_number == second.order_number
    assert view_customer(tenant.id, NEW).figures.subscription_status == "trial"


def test_a_free_product_of_the_merged_customer_is_not_ordered_again(tenant):
    first = open_payment(tenant, "simple", customer_email=OLD)
    pay(tenant, customer_email=NEW)

    merge(tenant)

    for address in (OLD, NEW):
        assert open_payment(tenant, "simple", customer_email=address).order_number == first.order_number


@pytest.mark.parametrize(
    ("old_days", "new_days", "ends"),
    [(10, 20, "new"), (20, 10, "old"), (None, 20, "never"), (5, None, "never")],
)
def test_of_two_manual_grants_of_a_product_the_longer_remains(tenant, old_days, new_days, ends):
    old, new = give(tenant, OLD, days=old_days), give(tenant, NEW, days=new_days)

    merge(tenant)

    [live] = [grant for grant in view_customer(tenant.id, NEW).grants if grant.is_live]
    assert live.id == new.id
    assert live.expires_at == {"old": old.expires_at, "new": new.expires_at, "never": None}[ends]
    revoke_access(tenant.id, customer_id=live.customer_id, product_id="integrale", actor="operator")
    assert not view_access(tenant.id, customer_email=OLD, product_id="integrale").active


def test_a_manual_grant_of_the_merged_customer_moves(tenant):
    give(tenant, OLD)
    pay(tenant, customer_email=NEW)

    merge(tenant)

    assert view_access(tenant.id, customer_email=NEW, product_id="integrale").active


def test_a_chain_of_merges_leads_to_the_last_customer(tenant):
    for address in ("a@example.com", "b@example.com", "c@example.com"):
        pay(tenant, customer_email=address)
    merge(tenant, "a@example.com", "b@example.com")
    merge(tenant, "b@example.com", "c@example.com")

    for address in ("a@example.com", "b@example.com", "c@example.com"):
        view = view_customer(tenant.id, address)
        assert (view.customer.email, view.figures.total_orders) == ("c@example.com", 3)
    assert [each.email for each in view.merged] == ["a@example.com", "b@example.com"]
    assert load_order(tenant, pay(tenant, customer_email="A@example.com").order_number).customer_id == (
        view.customer.id
    )


def test_a_merge_is_audited_without_personal_data(tenant):
    bought_by_both(tenant)
    target = merge(tenant).customer

    [entry] = audited(tenant, "customer_merged")
    assert (entry.actor, entry.subject) == ("operator", f"customer:{target.id}")
    merged = {"merged": str(customer_of(tenant, OLD).id), "orders": 1, "grants": 0}
    assert entry.details.items() >= merged.items()


def test_a_merged_customer_is_not_merged_again(tenant):
    bought_by_both(tenant)
    merge(tenant)

    for pair in ((OLD, NEW), (NEW, OLD), (NEW, NEW)):
        with pytest.raises(NotMergeable):
            merge(tenant, *pair)
    assert len(audited(tenant, "customer_merged")) == 1


def test_an_erased_customer_is_not_merged(tenant):
    bought_by_both(tenant)
    erased, known = customer_of(tenant, OLD).id, customer_of(tenant, NEW).id
    erase_customer(tenant.id, OLD, actor="operator")

    for pair in ((erased, known), (known, erased)):
        with pytest.raises(NotMergeable):
            merge_customers(tenant.id, *pair, actor="operator")
    assert view_customer(tenant.id, NEW).figures.total_orders == 1


def test_customers_of_two_brands_are_never_merged(tenant, other_tenant):
    pay(tenant, customer_email=OLD)
    pay(other_tenant, customer_email=NEW)
    ids = customer_of(tenant, OLD).id, customer_of(other_tenant, NEW).id

    for brand in (tenant, other_tenant):
        with pytest.raises(CustomerNotFound):
            merge_customers(brand.id, *ids, actor="operator")

    assert customer_of(tenant, OLD).merged_into_id is None
    assert view_customer(other_tenant.id, NEW).figures.total_orders == 1


def test_every_foreign_key_to_a_customer_moves_or_follows_the_merge():
    pointing = {
        (table.name, key.parent.name)
        for table in Base.metadata.tables.values()
        for constraint in table.foreign_key_constraints
        for key in constraint.elements
        if key.column.table.name == Customer.__tablename__ and key.column.name == "id"
    }
    moved = {(column.class_.__tablename__, column.key) for column in MOVED}
    # A link stays where it is, and asked for anew it is one to the surviving customer's page.
    leading = {(Customer.__tablename__, "merged_into_id"), (AccessLink.__tablename__, "customer_id")}
    # What differs on the third party of the source is decided no more.
    removed = {(CrmConflict.__tablename__, "customer_id")}
    assert pointing == moved | leading | removed
