"""Operators write notes on an order for each other; an erasure removes them, an export contains them."""

import pytest

from lumira.errors import InvalidRequest
from lumira.errors.orders import BuyerErased, OrderNotFound
from lumira.models import OrderNote
from lumira.services.orders.add_note import add_note
from lumira.services.orders.view_order_story import view_order_story
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support import refunds
from tests.support.factories import BUYER, Brand, count, load_order

pytestmark = pytest.mark.usefixtures("app_context")


def test_notes_are_shown_newest_first_with_their_author(tenant: Brand) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    add_note(tenant.id, order.id, "Called the buyer.", actor="operator:1")
    add_note(tenant.id, order.id, " <b>Second</b>\r\nline ", actor="operator:2")

    notes = view_order_story(tenant.id, order.order_number).notes

    assert [(note.actor, note.text) for note in notes] == [
        ("operator:2", "<b>Second</b>\nline"),
        ("operator:1", "Called the buyer."),
    ]
    assert len(refunds.audited(tenant, "order_noted")) == 2


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "x" * 2001])
def test_an_empty_or_long_note_is_refused(tenant: Brand, text: str) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    with pytest.raises(InvalidRequest):
        add_note(tenant.id, order.id, text, actor="operator:1")
    assert count(tenant, OrderNote) == 0


def test_a_note_on_another_tenants_order_is_refused(tenant: Brand, other_tenant: Brand) -> None:
    order = load_order(other_tenant, refunds.pay(other_tenant).order_number)
    with pytest.raises(OrderNotFound):
        add_note(tenant.id, order.id, "Mine.", actor="operator:1")


def test_an_export_contains_the_notes_and_an_erasure_removes_them(tenant: Brand) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    add_note(tenant.id, order.id, "Ana called.", actor="operator:1")
    assert [row["text"] for row in export_customer(tenant.id, BUYER, actor="test").rows["order_notes"]] == [
        "Ana called."
    ]

    erase_customer(tenant.id, BUYER, actor="operator:1")

    assert count(tenant, OrderNote) == 0
    with pytest.raises(BuyerErased):
        add_note(tenant.id, order.id, "Ana called again.", actor="operator:1")
