"""Access: its duration, included levels, and decisions of operators."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors.catalog import ProductNotFound
from lumira.errors.orders import GrantNotFound, NotGrantable
from lumira.models import AccessGrant, ManualGrant, MessageKind, MessageStatus, Product, ProductKind
from lumira.notifications import relay
from lumira.repositories.customers import customers
from lumira.services.access.change_access import grant_access, restore_access, revoke_access
from lumira.services.access.view_access import view_access
from tests.support import portal_pages, refunds
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


def change(brand: Brand, product_id: str, **columns: Any) -> None:
    """Change values of a product in the catalog."""
    with atomic(brand.id):
        product = db.session.get_one(Product, (brand.id, product_id))
        for name, value in columns.items():
            setattr(product, name, value)


def may_open(brand: Brand, product_id: str | None = None, level: int | None = None) -> bool | None:
    return view_access(brand.id, customer_email=BUYER, product_id=product_id, level=level).active


def reasons(brand: Brand) -> list[str]:
    """The reason of each grant's state, newest first."""
    return [grant.shown_reason for grant in view_access(brand.id, customer_email=BUYER).grants]


def give(
    brand: Brand, product: str = "mystique", *, days: int | None = None, note: str | None = None
) -> ManualGrant:
    return grant_access(
        brand.id, customer_email=BUYER, product_id=product, days=days, note=note, actor="operator"
    )


def decide(brand: Brand, decision: Any, product: str = "mystique") -> int:
    with atomic(brand.id):
        buyer = customers.find_by_email(brand.id, BUYER)
    assert buyer is not None
    count: int = decision(brand.id, customer_id=buyer.id, product_id=product, actor="operator")
    return count


def test_a_level_includes_lower_ones_only_if_the_catalog_says_so(tenant):
    pay(tenant, "alchimique")
    assert [may_open(tenant, level=level) for level in (1, 2, 3, 4)] == [False, False, True, False]

    change(tenant, "integrale", includes_lower_levels=True)
    pay(tenant, "integrale")
    assert [may_open(tenant, level=level) for level in (1, 2, 3, 4)] == [True] * 4
    assert may_open(tenant, "intuitive")
    assert may_open(tenant, "intuitive", 2)
    assert not may_open(tenant, "mystique")
    [by_itself] = view_access(tenant.id, customer_email=BUYER, level=1).grants
    assert by_itself.product_id == "integrale"


def test_what_a_level_includes_is_frozen_when_it_is_bought(tenant):
    change(tenant, "integrale", includes_lower_levels=True)
    opened = pay(tenant, "integrale")

    change(tenant, "integrale", includes_lower_levels=False)
    assert may_open(tenant, level=1)

    refunds.refund(tenant, opened)
    assert not may_open(tenant, level=1)


def renumber(brand: Brand, numbers: dict[str, int]) -> None:
    """Give the levels other numbers, as a changed catalog file does."""
    with atomic(brand.id):
        for product_id, number in numbers.items():
            db.session.get_one(Product, (brand.id, product_id)).level_number = number


@pytest.mark.parametrize("is_manual", [False, True])
def test_a_level_that_slides_in_takes_nothing_from_buyers_and_gives_them_nothing(tenant, is_manual):
    change(tenant, "integrale", includes_lower_levels=True)
    if is_manual:
        give(tenant, "integrale")
    else:
        pay(tenant, "integrale")

    # `mystique` becomes level 3, and the others move up.
    change(tenant, "mystique", kind=ProductKind.LEVEL, level_number=6)
    renumber(tenant, {"integrale": 5, "alchimique": 4, "mystique": 3})

    assert [may_open(tenant, product) for product in ("simple", "intuitive", "alchimique", "integrale")] == [
        True
    ] * 4
    assert not may_open(tenant, "mystique")
    assert [may_open(tenant, level=level) for level in (1, 2, 3, 4, 5)] == [True, True, False, True, True]


def test_a_level_number_names_the_product_that_has_it_now(tenant):
    pay(tenant, "intuitive")
    renumber(tenant, {"intuitive": 3, "alchimique": 2})

    assert not may_open(tenant, level=2)
    assert may_open(tenant, level=3)
    assert may_open(tenant, "intuitive")
    assert not may_open(tenant, level=9)


def test_access_sold_for_a_time_ends_by_itself(client, tenant):
    change(tenant, "mystique", access_days=30)
    before = utc_now()
    opened = pay(tenant)

    [grant] = load_order(tenant, opened.order_number).grants
    assert before + timedelta(days=30) <= grant.expires_at <= utc_now() + timedelta(days=30)
    assert may_open(tenant, "mystique")
    with time_machine.travel(grant.expires_at - timedelta(seconds=1), tick=False):
        assert may_open(tenant, "mystique")
    with time_machine.travel(grant.expires_at, tick=False):
        shown = client.get(
            f"/api/access?customerEmail={BUYER}&productId=mystique", headers=tenant.secret
        ).json
    assert shown["active"] is False
    assert shown["grants"][0]["reason"] == "expired"
    assert shown["grants"][0]["active"] is False


def test_a_later_catalog_change_does_not_change_the_end_of_access(tenant):
    change(tenant, "mystique", access_days=30)
    opened = pay(tenant)
    end = load_order(tenant, opened.order_number).grants[0].expires_at

    change(tenant, "mystique", access_days=None)
    refunds.deliver_events(tenant)

    assert load_order(tenant, opened.order_number).grants[0].expires_at == end


def test_a_won_dispute_restores_the_remaining_time(tenant):
    change(tenant, "mystique", access_days=30)
    opened = pay(tenant)
    end = load_order(tenant, opened.order_number).grants[0].expires_at
    dispute = refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    assert reasons(tenant) == ["disputed"]

    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.deliver_events(tenant)

    assert reasons(tenant) == ["paid"]
    assert load_order(tenant, opened.order_number).grants[0].expires_at == end


def test_a_manual_grant_is_listed_like_a_paid_one(client, tenant):
    give(tenant, "integrale", days=7, note="a prize")

    shown = client.get(f"/api/access?customerEmail={BUYER}&level=4", headers=tenant.secret).json

    [grant] = shown["grants"]
    assert shown["active"] is True
    assert (grant["productId"], grant["level"], grant["reason"]) == ("integrale", 4, "operator")
    assert (grant["active"], grant["revokedAt"]) == (True, None)
    left = datetime.fromisoformat(grant["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert set(grant) == {"productId", "level", "active", "grantedAt", "revokedAt", "expiresAt", "reason"}
    [entry] = audited(tenant, "access_granted")
    assert (entry.actor, entry.details["reason"], entry.details["product"]) == (
        "operator",
        "operator",
        "integrale",
    )
    assert BUYER not in str(entry.details)


def test_granting_again_changes_the_end_of_the_same_grant(tenant):
    first = give(tenant, days=7)
    again = give(tenant, days=30)

    assert again.id == first.id
    assert again.expires_at > first.granted_at + timedelta(days=29)
    assert count(tenant, ManualGrant) == 1


def test_granting_a_level_again_also_gives_what_it_includes_today(tenant):
    give(tenant, "integrale")
    change(tenant, "integrale", includes_lower_levels=True)
    again = give(tenant, "integrale")

    assert again.included_products == ["alchimique", "intuitive", "simple"]
    assert [may_open(tenant, level=level) for level in (1, 2, 3, 4)] == [True] * 4

    # What it included before stays.
    change(tenant, "integrale", includes_lower_levels=False)
    give(tenant, "integrale")
    assert may_open(tenant, level=1)


def test_a_manual_grant_lasts_as_long_as_the_product_unless_set_otherwise(tenant):
    assert give(tenant).expires_at is None
    change(tenant, "strict", access_days=10)
    ends_at = give(tenant, "strict").expires_at
    assert ends_at is not None
    assert ends_at - utc_now() <= timedelta(days=10)


def test_physical_and_unsold_products_cannot_be_granted(tenant):
    with pytest.raises(NotGrantable):
        give(tenant, "shirt")
    with pytest.raises(ProductNotFound):
        give(tenant, "nothing")
    assert count(tenant, ManualGrant) == 0
    with atomic(tenant.id):
        assert customers.find_by_email(tenant.id, BUYER) is None


def test_an_operator_revokes_paid_access_and_restores_it(tenant):
    opened = pay(tenant)

    assert decide(tenant, revoke_access) == 1
    assert not may_open(tenant, "mystique")
    assert reasons(tenant) == ["operator"]
    [grant] = load_order(tenant, opened.order_number).grants
    assert grant.revoked_at is not None

    assert decide(tenant, restore_access) == 1
    assert may_open(tenant, "mystique")
    assert reasons(tenant) == ["paid"]
    audited_reasons = [entry.details["reason"] for entry in audited(tenant, "access_revoked")]
    assert audited_reasons == ["operator", "operator"]
    assert len(audited(tenant, "access_restored")) == 1


def test_access_revoked_by_an_operator_stays_revoked_whatever_events_arrive(tenant):
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    decide(tenant, revoke_access)

    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.deliver_events(tenant)

    assert not may_open(tenant, "mystique")
    assert reasons(tenant) == ["operator"]


def test_access_restored_by_a_won_dispute_notifies_once(tenant):
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    decide(tenant, revoke_access)
    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.deliver_events(tenant)
    with portal_pages.reached_at():
        relay.relay(tenant.id)
        assert access_messages(tenant, opened.order_number) == [MessageStatus.SUPERSEDED]

        decide(tenant, restore_access)
        relay.relay(tenant.id)
        assert access_messages(tenant, opened.order_number) == [MessageStatus.SENT]

        # Revoked and restored again, it notifies again.
        decide(tenant, revoke_access)
        decide(tenant, restore_access)
        relay.relay(tenant.id)
        assert access_messages(tenant, opened.order_number) == [MessageStatus.SENT] * 2


def access_messages(brand: Brand, number: str) -> list[MessageStatus]:
    messages = load_order(brand, number).messages
    return [each.status for each in messages if each.kind is MessageKind.ACCESS_READY]


def test_a_refund_is_the_reason_also_of_access_revoked_before(tenant):
    opened = pay(tenant)
    decide(tenant, revoke_access)
    refunds.refund(tenant, opened)

    assert reasons(tenant) == ["refunded"]
    decide(tenant, restore_access)
    # Restoring has no effect, because the payment is refunded.
    assert reasons(tenant) == ["refunded"]
    assert not may_open(tenant, "mystique")


def test_revoking_a_product_revokes_all_grants_of_it(tenant):
    pay(tenant)
    pay(tenant)
    give(tenant)
    other = give(tenant, "strict")

    assert decide(tenant, revoke_access) == 3

    assert not may_open(tenant, "mystique")
    assert may_open(tenant, other.product_id)
    assert decide(tenant, restore_access) == 3
    assert may_open(tenant, "mystique")


def test_a_revoked_free_level_is_not_restored_by_opening_it_again(tenant):
    open_payment(tenant, "simple")
    decide(tenant, revoke_access, "simple")

    open_payment(tenant, "simple")

    assert not may_open(tenant, level=1)
    assert count(tenant, AccessGrant) == 1


def test_nothing_to_revoke_or_restore_is_an_error_and_changes_nothing(tenant):
    pay(tenant)
    with pytest.raises(GrantNotFound):
        decide(tenant, restore_access)
    with pytest.raises(GrantNotFound):
        decide(tenant, revoke_access, "strict")
    decide(tenant, revoke_access)
    with pytest.raises(GrantNotFound):
        decide(tenant, revoke_access)
    assert len(audited(tenant, "access_revoked")) == 2
    assert reasons(tenant) == ["operator"]


def test_a_revoked_and_renewed_manual_grant_is_not_restored_as_well(tenant):
    first = give(tenant)
    decide(tenant, revoke_access)
    second = give(tenant)

    assert second.id != first.id
    with pytest.raises(GrantNotFound):
        decide(tenant, restore_access)
    assert reasons(tenant) == ["operator", "operator"]


def test_access_of_another_brand_is_neither_listed_nor_granted(tenant, other_tenant):
    give(tenant)

    assert not may_open(other_tenant, "mystique")
    assert view_access(other_tenant.id, customer_email=BUYER).grants == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "INVALID_EMAIL"),
        ("customerEmail=invalid", "INVALID_EMAIL"),
        (f"customerEmail={BUYER}&level=0", "INVALID_LEVEL"),
        (f"customerEmail={BUYER}&level=two", "INVALID_LEVEL"),
        (f"customerEmail={BUYER}&productId=", "INVALID_REQUEST"),
        (f"customerEmail={BUYER}&tenant=1", "INVALID_REQUEST"),
    ],
)
def test_an_invalid_access_query_is_refused(client, tenant, query, code):
    reply = client.get(f"/api/access?{query}", headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (400, code)


def test_an_unsold_level_is_accessible_to_no_one(client, tenant):
    pay(tenant, "integrale")
    shown = client.get(f"/api/access?customerEmail={BUYER}&level=9", headers=tenant.secret).json
    assert shown == {"grants": [], "active": False}
