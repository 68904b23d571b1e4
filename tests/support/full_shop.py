"""A shop with rows of nearly every kind, made as buyers, Stripe and operators make them."""

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import WithdrawalDecision
from lumira.notifications import relay
from lumira.repositories.customers import customers
from lumira.services.audit.seal_entries import seal_all
from lumira.services.chains.heads import store_heads
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.files.upload_content import upload_content
from lumira.services.orders.add_note import add_note
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.receipts.seal_receipts import seal_receipts
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.withdraw import record_statement
from tests.support.crm import connect
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order, make_promotion, open_cart
from tests.support.files import PDF, contain, upload_of
from tests.support.images import illustrate
from tests.support.parcels import ship, take_back
from tests.support.refunds import deliver_events, disputed, keyed, pay, refund, run_sweep

#: A buyer whose data was erased, one who was merged into another, and the other one.
ERASED, MERGED, MERGED_INTO = "erased@example.com", "former@example.com", "present@example.com"


def fill(brand: Brand, dolibarr: DolibarrSandbox) -> None:
    """Sell, refund, ship, dispute, withdraw, merge and erase; the brand must have a seller."""
    illustrate(brand)
    contain(brand, "mystique", "guide")
    upload_content(brand.id, "mystique", "guide", upload_of(PDF), actor="test")
    connect(brand, dolibarr)
    make_promotion(brand, "WELCOME10")
    refund(brand, pay(brand, promotion_code="WELCOME10"), 1_000, call=keyed("refund-1"))
    _sell_goods(brand)
    disputed(brand, pay(brand, "cap"))
    open_cart(brand)
    _merge(brand)
    pay(brand, customer_email=ERASED)
    run_sweep(brand)
    deliver_events(brand)
    relay.relay(brand.id)
    erase_customer(brand.id, ERASED, actor="test")
    seal_all(brand.id)
    seal_receipts(brand.id)
    store_heads(brand.id)


def _sell_goods(brand: Brand) -> None:
    number = pay(brand, "shirt", quantity=3).order_number
    order = load_order(brand, number)
    ship(brand, number, carrier="Colissimo", tracking_number="6A123")
    take_back(brand, number, {"shirt": 1})
    add_note(brand.id, order.id, "Called back.", actor="operator")
    units = {order.lines[0].id: 1}
    record_statement(brand.id, order.id, requested_at=utc_now(), reason=None, actor="operator", units=units)
    decide(brand.id, order.id, WithdrawalDecision.ACCEPTED, actor="operator")


def _merge(brand: Brand) -> None:
    for email in (MERGED, MERGED_INTO):
        pay(brand, "strict", customer_email=email)
    with atomic(brand.id):
        ids = [customers.get_current(brand.id, email).id for email in (MERGED, MERGED_INTO)]
    merge_customers(brand.id, ids[0], ids[1], actor="test")
