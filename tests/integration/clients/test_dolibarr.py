"""The client of Dolibarr, against the sandbox's."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lumira.clients import dolibarr
from lumira.clients.dolibarr import InvoiceStatus, NewLine, OrderStatus, ThirdPartyFields
from lumira.database import InsideTransaction, atomic
from tests.support.dolibarr import DolibarrSandbox

pytestmark = pytest.mark.usefixtures("app")

ADA = ThirdPartyFields(
    name="Ada Lovelace",
    email="ada@example.com",
    phone="+33 1 23 45 67 89",
    address="1 rue de la Paix\nEscalier B",
    zip="75002",
    town="Paris",
    country_code="FR",
)
DAY = date(2026, 11, 20)
LINES = (
    NewLine("Course", 2, Decimal("16.66667"), Decimal(20)),
    NewLine("Book", 1, Decimal("9.47867"), Decimal("5.5")),
)


@pytest.fixture
def account(dolibarr_server):
    return dolibarr_server.account


@pytest.fixture
def third_party_id(account) -> int:
    return dolibarr.create_third_party(account, ADA, lumira_id="cus_1")


def test_an_order_is_taken_from_third_party_to_payment(account, dolibarr_server, third_party_id) -> None:
    order_id = dolibarr.create_order(
        account, third_party_id=third_party_id, lumira_id="ord_1", day=DAY, lines=LINES, reference="A-1"
    )
    dolibarr.validate_order(account, order_id)
    invoice_id = dolibarr.create_invoice(
        account, third_party_id=third_party_id, lumira_id="inv_1", day=DAY, lines=LINES, order_id=order_id
    )
    dolibarr.validate_invoice(account, invoice_id)
    payment_id = dolibarr.pay_invoice(
        account,
        invoice_id=invoice_id,
        amount=5000,
        paid_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        lumira_id="pay_1",
        payment_type_id=dolibarr_server.payment_type_id,
        bank_account_id=dolibarr_server.bank_account_id,
    )
    dolibarr.set_order_invoiced(account, order_id)
    dolibarr.close_order(account, order_id)

    order = dolibarr.find_order_by_lumira_id(account, "ord_1")
    assert order is not None
    assert (order.id, order.third_party_id, order.status) == (order_id, third_party_id, OrderStatus.CLOSED)
    assert (order.total, order.total_vat, order.is_invoiced, order.day) == (5000, 719, True, DAY)
    assert order.ref == "SO2611-0001"
    assert order.lines[0].quantity == 2
    assert order.lines[0].unit_price == Decimal("16.66667")
    assert order.lines[1].vat_rate == Decimal("5.5")
    invoice = dolibarr.find_invoice_by_lumira_id(account, "inv_1")
    assert invoice == dolibarr.find_invoice(account, invoice_id)
    assert invoice is not None
    assert (invoice.status, invoice.total, invoice.paid, invoice.remaining) == (
        InvoiceStatus.PAID,
        5000,
        5000,
        0,
    )
    assert not invoice.is_credit_note
    (payment,) = dolibarr.list_payments(account, invoice_id)
    assert (payment.amount, payment.ref_ext, payment.number, payment.type) == (5000, "pay_1", "pay_1", "CB")
    assert payment_id > 0


@pytest.mark.parametrize("utc_offset", [-11 * 3600, -4 * 3600, 0, 3600, 11 * 3600])
def test_a_document_has_its_day_wherever_dolibarr_is(
    account, dolibarr_server, third_party_id, utc_offset
) -> None:
    dolibarr_server.configure(utc_offset=utc_offset)
    sent = {"third_party_id": third_party_id, "day": DAY, "lines": LINES}
    order_id = dolibarr.create_order(account, lumira_id="ord_1", **sent)
    invoice_id = dolibarr.create_invoice(account, lumira_id="inv_1", **sent)

    order, invoice = dolibarr.find_order(account, order_id), dolibarr.find_invoice(account, invoice_id)
    assert order is not None
    assert invoice is not None
    assert (order.day, invoice.day) == (DAY, DAY)


def test_a_refund_is_a_credit_note_that_is_paid_out(account, dolibarr_server, third_party_id) -> None:
    invoice_id = dolibarr.create_invoice(
        account, third_party_id=third_party_id, lumira_id="inv_1", day=DAY, lines=LINES
    )
    dolibarr.validate_invoice(account, invoice_id)
    credit_note_id = dolibarr.create_credit_note(
        account,
        third_party_id=third_party_id,
        lumira_id="ref_1",
        day=DAY,
        lines=[NewLine("Refund", -1, Decimal("8.33333"), Decimal(20))],
        source_invoice_id=invoice_id,
    )
    dolibarr.validate_invoice(account, credit_note_id)
    dolibarr.pay_invoice(
        account,
        invoice_id=credit_note_id,
        amount=1000,
        paid_at=datetime(2026, 11, 21, tzinfo=UTC),
        lumira_id="re_1",
        payment_type_id=dolibarr_server.payment_type_id,
        bank_account_id=dolibarr_server.bank_account_id,
    )

    note = dolibarr.find_invoice(account, credit_note_id)
    assert note is not None
    assert (note.is_credit_note, note.source_invoice_id, note.ref) == (True, invoice_id, "IC2611-0001")
    assert (note.total, note.paid, note.remaining, note.status) == (-1000, -1000, 0, InvoiceStatus.PAID)
    assert [payment.amount for payment in dolibarr.list_payments(account, credit_note_id)] == [-1000]


def test_a_third_party_is_found_changed_and_closed(account, third_party_id) -> None:
    created = dolibarr.find_third_party_by_lumira_id(account, "cus_1")
    assert created is not None
    assert created.fields == ADA
    assert (created.id, created.lumira_id, created.ref_ext) == (third_party_id, "cus_1", "cus_1")
    assert created.is_open
    assert created.is_customer
    assert created.modified_at is not None
    assert dolibarr.find_third_parties_by_email(account, "ADA@example.com") == [created]

    dolibarr.update_third_party(account, third_party_id, name="Ada King", phone=None)
    dolibarr.close_third_party(account, third_party_id)

    changed = dolibarr.find_third_party(account, third_party_id)
    assert changed is not None
    assert (changed.fields.name, changed.fields.phone, changed.fields.town) == ("Ada King", None, "Paris")
    assert not changed.is_open


def test_a_changed_country_is_written_by_its_id_which_is_looked_up_once(
    account, dolibarr_server, third_party_id
) -> None:
    for code in ("DE", "AT", "DE", None, "ZZ", "de/x"):
        dolibarr.update_third_party(account, third_party_id, country_code=code)
        changed = dolibarr.find_third_party(account, third_party_id)
        assert changed is not None
        # What Dolibarr does not know changes nothing.
        assert changed.fields.country_code == (code if code in ("DE", "AT") else None)
    lookups = [entry for entry in dolibarr_server.calls("GET") if "/countries/" in entry["path"]]
    assert [entry["path"][-2:] for entry in lookups] == ["DE", "AT", "ZZ"]


def test_a_third_party_of_staff_gets_our_id(account, dolibarr_server) -> None:
    number = dolibarr_server.staff("POST", "/thirdparties", name="Ada", email="ada@example.com", client=1)

    (found,) = dolibarr.find_third_parties_by_email(account, "ada@example.com")
    assert (found.id, found.lumira_id, found.modified_at) == (number, None, None)
    dolibarr.attach_third_party(account, number, lumira_id="cus_7")

    attached = dolibarr.find_third_party_by_lumira_id(account, "cus_7")
    assert attached is not None
    assert (attached.id, attached.ref_ext) == (number, "cus_7")


def test_what_does_not_exist_is_none_and_an_empty_list(account) -> None:
    assert dolibarr.find_third_party(account, 999) is None
    assert dolibarr.find_order(account, 999) is None
    assert dolibarr.find_invoice(account, 999) is None
    assert dolibarr.find_third_party_by_lumira_id(account, "cus_9") is None
    assert dolibarr.find_order_by_lumira_id(account, "ord_9") is None
    assert dolibarr.list_third_parties(account) == []
    assert dolibarr.list_orders(account) == []
    assert dolibarr.list_third_party_ids(account) == []


def test_lists_are_read_page_after_page(account, dolibarr_server) -> None:
    numbers = [dolibarr_server.staff("POST", "/thirdparties", name=f"n{i}") for i in range(5)]

    first = dolibarr.list_third_parties(account, limit=3)
    rest = dolibarr.list_third_parties(account, after_id=first[-1].id, limit=3)

    assert [each.id for each in (*first, *rest)] == numbers
    assert dolibarr.list_third_party_ids(account, after_id=numbers[1]) == numbers[2:]


def test_changed_third_parties_are_listed_by_the_database_servers_clock(
    account, dolibarr_server, third_party_id
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    dolibarr_server.configure(utc_offset=7200)

    hour = 3600
    since = datetime.fromtimestamp(now.replace(tzinfo=UTC).timestamp() + 2 * hour - 60, UTC).replace(
        tzinfo=None
    )
    later = datetime.fromtimestamp(now.replace(tzinfo=UTC).timestamp() + 2 * hour + 60, UTC).replace(
        tzinfo=None
    )
    assert [each.id for each in dolibarr.list_third_parties(account, modified_since=since)] == [
        third_party_id
    ]
    assert dolibarr.list_third_parties(account, modified_since=later) == []


def test_an_installation_is_set_up_with_an_administrators_key(sandbox) -> None:
    server = DolibarrSandbox(sandbox.url, has_extra_fields=False)
    admin = server.admin
    for element in dolibarr.Element:
        assert not dolibarr.has_extra_field(server.account, element)
        assert dolibarr.find_extra_field(admin, element) is None
        dolibarr.create_extra_field(admin, element)
        assert dolibarr.has_extra_field(server.account, element)
        definition = dolibarr.find_extra_field(admin, element)
        assert definition is not None
        assert definition.is_unique
        with pytest.raises(dolibarr.DolibarrDuplicate):
            dolibarr.create_extra_field(admin, element)
    country_id = dolibarr.find_country_id(admin, "FR")
    assert country_id is not None
    bank_account_id = dolibarr.create_bank_account(admin, ref="STRIPE", label="Stripe", country_id=country_id)
    bank_account = dolibarr.find_bank_account(admin, bank_account_id)
    assert bank_account in dolibarr.list_bank_accounts(admin)
    assert bank_account is not None
    assert (bank_account.ref, bank_account.currency, bank_account.is_open) == ("STRIPE", "eur", True)
    assert dolibarr.find_bank_account(admin, 999) is None
    assert dolibarr.add_bank_line(
        admin, bank_account_id=bank_account_id, amount=-60, at=datetime.now(UTC), label="fee"
    )
    assert dolibarr.get_version(server.account) == "23.0.0-beta"
    assert dolibarr.find_company_currency(admin) == "eur"
    assert dolibarr.find_company_currency(server.account) is None
    assert (6, "CB") in [(each.id, each.code) for each in dolibarr.list_payment_types(server.account)]
    category_id = dolibarr.create_customer_category(admin, "Shop")
    assert [each.id for each in dolibarr.list_customer_categories(admin)] == [category_id]
    third_party_id = dolibarr.create_third_party(server.account, ADA, lumira_id="cus_1")
    dolibarr.add_to_category(admin, third_party_id, category_id)
    dolibarr.add_to_category(admin, third_party_id, category_id)
    assert len(server.rows("category_link")) == 1


def test_rights_are_read_and_tried(dolibarr_server) -> None:
    account = dolibarr_server.account
    rights = dolibarr.find_rights(dolibarr_server.admin)
    assert rights is not None
    assert rights["societe"]["client"]["voir"] == 1
    assert dolibarr.find_rights(account) is None
    for element in dolibarr.Element:
        assert dolibarr.may_read(account, element)
        assert dolibarr.may_create(account, element)
    dolibarr_server.change_user(rights=[121, 81, 12])
    assert dolibarr.may_read(account, dolibarr.Element.ORDER)
    assert not dolibarr.may_create(account, dolibarr.Element.ORDER)
    assert not dolibarr.may_read(account, dolibarr.Element.INVOICE)
    assert dolibarr.may_create(account, dolibarr.Element.INVOICE)
    assert dolibarr_server.invoices() == dolibarr_server.orders() == dolibarr_server.third_parties() == []


def test_no_call_is_made_inside_a_transaction(account, tenant, app_context) -> None:
    with atomic(tenant.id), pytest.raises(InsideTransaction):
        dolibarr.get_version(account)
