"""Who may open what: as long as it was sold for, what a level includes, and what a person decided."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import GrantNotFound, NothingToOpen, ProductNotFound
from lumira.models import AccessGrant, ManualGrant, MessageKind, MessageStatus, Product
from lumira.notifications import relay
from lumira.repositories import customers
from lumira.services.access.change_access import grant_access, restore_access, revoke_access
from lumira.services.access.view_access import view_access
from tests.support import portal_pages, refunds
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


def change(brand: Brand, product_id: str, **columns: Any) -> None:
    """The catalog says something else of a product."""
    with atomic(brand.id):
        product = db.session.get_one(Product, (brand.id, product_id))
        for name, value in columns.items():
            setattr(product, name, value)


def may_open(brand: Brand, product_id: str | None = None, level: int | None = None) -> bool | None:
    return view_access(brand.id, customer_email=BUYER, product_id=product_id, level=level).active


def reasons(brand: Brand) -> list[str]:
    """Why each grant is as it is, newest first."""
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


def test_a_level_opens_the_lower_ones_only_where_the_catalog_says_so(tenant):
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


def test_what_a_level_includes_was_agreed_when_it_was_bought(tenant):
    change(tenant, "integrale", includes_lower_levels=True)
    opened = pay(tenant, "integrale")

    change(tenant, "integrale", includes_lower_levels=False)
    assert may_open(tenant, level=1)

    refunds.refund(tenant, opened)
    assert not may_open(tenant, level=1)


def test_access_that_was_sold_for_a_time_ends_by_itself(client, tenant):
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


def test_a_catalog_that_changes_later_moves_no_end(tenant):
    change(tenant, "mystique", access_days=30)
    opened = pay(tenant)
    end = load_order(tenant, opened.order_number).grants[0].expires_at

    change(tenant, "mystique", access_days=None)
    refunds.hear(tenant)

    assert load_order(tenant, opened.order_number).grants[0].expires_at == end


def test_a_dispute_that_was_won_gives_back_what_is_left_of_the_time(tenant):
    change(tenant, "mystique", access_days=30)
    opened = pay(tenant)
    end = load_order(tenant, opened.order_number).grants[0].expires_at
    dispute = refunds.disputed(tenant, opened)
    refunds.hear(tenant)
    assert reasons(tenant) == ["disputed"]

    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.hear(tenant)

    assert reasons(tenant) == ["paid"]
    assert load_order(tenant, opened.order_number).grants[0].expires_at == end


def test_what_a_person_gives_is_told_like_what_was_bought(client, tenant):
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


def test_giving_again_moves_the_end_and_makes_no_second_grant(tenant):
    first = give(tenant, days=7)
    again = give(tenant, days=30)

    assert again.id == first.id
    assert again.expires_at > first.granted_at + timedelta(days=29)
    assert count(tenant, ManualGrant) == 1


def test_what_is_given_lasts_as_long_as_it_is_sold_for_unless_told_otherwise(tenant):
    assert give(tenant).expires_at is None
    change(tenant, "strict", access_days=10)
    ends_at = give(tenant, "strict").expires_at
    assert ends_at is not None
    assert ends_at - utc_now() <= timedelta(days=10)


def test_goods_and_what_is_not_sold_cannot_be_given(tenant):
    with pytest.raises(NothingToOpen):
        give(tenant, "shirt")
    with pytest.raises(ProductNotFound):
        give(tenant, "nothing")
    assert count(tenant, ManualGrant) == 0
    with atomic(tenant.id):
        assert customers.find_by_email(tenant.id, BUYER) is None


def test_a_person_closes_what_was_bought_and_opens_it_again(tenant):
    opened = pay(tenant)

    assert decide(tenant, revoke_access) == 1
    assert not may_open(tenant, "mystique")
    assert reasons(tenant) == ["operator"]
    [grant] = load_order(tenant, opened.order_number).grants
    assert grant.revoked_at is not None

    assert decide(tenant, restore_access) == 1
    assert may_open(tenant, "mystique")
    assert reasons(tenant) == ["paid"]
    told = [entry.details["reason"] for entry in audited(tenant, "access_revoked")]
    assert told == ["operator", "operator"]
    assert len(audited(tenant, "access_restored")) == 1


def test_what_a_person_closed_stays_closed_whatever_stripe_tells(tenant):
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.hear(tenant)
    decide(tenant, revoke_access)

    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.hear(tenant)

    assert not may_open(tenant, "mystique")
    assert reasons(tenant) == ["operator"]


def test_what_is_restored_after_a_dispute_was_won_is_told_once(tenant):
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.hear(tenant)
    decide(tenant, revoke_access)
    refunds.close_dispute(tenant, dispute["id"], "won")
    refunds.hear(tenant)
    with portal_pages.reached_at():
        relay.relay(tenant.id)
        assert told_of_access(tenant, opened.order_number) == [MessageStatus.SUPERSEDED]

        decide(tenant, restore_access)
        relay.relay(tenant.id)
        assert told_of_access(tenant, opened.order_number) == [MessageStatus.SENT]

        # Closed and restored again, it is told again.
        decide(tenant, revoke_access)
        decide(tenant, restore_access)
        relay.relay(tenant.id)
        assert told_of_access(tenant, opened.order_number) == [MessageStatus.SENT] * 2


def told_of_access(brand: Brand, number: str) -> list[MessageStatus]:
    messages = load_order(brand, number).messages
    return [each.status for each in messages if each.kind is MessageKind.ACCESS_READY]


def test_money_that_went_back_is_the_reason_even_of_what_was_closed_before(tenant):
    opened = pay(tenant)
    decide(tenant, revoke_access)
    refunds.refund(tenant, opened)

    assert reasons(tenant) == ["refunded"]
    decide(tenant, restore_access)
    # Restoring gives back what the money allows, and the money is gone.
    assert reasons(tenant) == ["refunded"]
    assert not may_open(tenant, "mystique")


def test_closing_a_product_closes_every_way_to_it(tenant):
    pay(tenant)
    pay(tenant)
    give(tenant)
    other = give(tenant, "strict")

    assert decide(tenant, revoke_access) == 3

    assert not may_open(tenant, "mystique")
    assert may_open(tenant, other.product_id)
    assert decide(tenant, restore_access) == 3
    assert may_open(tenant, "mystique")


def test_a_free_level_can_be_closed_and_is_not_opened_by_asking_again(tenant):
    open_payment(tenant, "simple")
    decide(tenant, revoke_access, "simple")

    open_payment(tenant, "simple")

    assert not may_open(tenant, level=1)
    assert count(tenant, AccessGrant) == 1


def test_nothing_to_close_or_to_restore_is_said_and_changes_nothing(tenant):
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


def test_what_was_taken_back_and_given_anew_is_not_restored_on_top(tenant):
    first = give(tenant)
    decide(tenant, revoke_access)
    second = give(tenant)

    assert second.id != first.id
    with pytest.raises(GrantNotFound):
        decide(tenant, restore_access)
    assert reasons(tenant) == ["operator", "operator"]


def test_access_of_another_brand_is_neither_seen_nor_given(tenant, other_tenant):
    give(tenant)

    assert not may_open(other_tenant, "mystique")
    assert view_access(other_tenant.id, customer_email=BUYER).grants == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "INVALID_EMAIL"),
        ("customerEmail=nobody", "INVALID_EMAIL"),
        (f"customerEmail={BUYER}&level=0", "INVALID_LEVEL"),
        (f"customerEmail={BUYER}&level=two", "INVALID_LEVEL"),
        (f"customerEmail={BUYER}&productId=", "INVALID_REQUEST"),
        (f"customerEmail={BUYER}&tenant=1", "INVALID_REQUEST"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client, tenant, query, code):
    reply = client.get(f"/api/access?{query}", headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (400, code)


def test_a_level_that_is_not_sold_is_open_to_nobody(client, tenant):
    pay(tenant, "integrale")
    shown = client.get(f"/api/access?customerEmail={BUYER}&level=9", headers=tenant.secret).json
    assert shown == {"grants": [], "active": False}
