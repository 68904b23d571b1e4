"""A buyer withdraws from a contract, with a portal link or by order number and e-mail address."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from config.settings import RateLimits
from lumira.clock import utc_now
from lumira.domain.commands import Consents
from lumira.models import (
    AccessGrant,
    MessageKind,
    OrderStatus,
    OutboxMessage,
    RefundRequest,
    Withdrawal,
    WithdrawalPolicy,
)
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.withdrawals import request_link
from tests.support.factories import BUYER, Brand, count, load_order, open_cart, open_payment
from tests.support.portal_pages import fields, path_of, reached_at, words
from tests.support.refunds import audited, deliver_events, pay, run_sweep
from tests.support.stripe_sandbox import pay_session
from tests.support.withdrawal_pages import (
    confirm,
    linked_path,
    mails,
    portal_path,
    request_by_number,
    sent_fields,
)

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(request_link, "REPLY_TIME", 0.0)
    with reached_at():
        yield


@pytest.fixture
def refunding(make_brand) -> Brand:
    """A shop that refunds a withdrawal at once."""
    brand: Brand = make_brand(withdrawal_policy=WithdrawalPolicy.REFUND)
    return brand


def order_of(brand: Brand, opened):
    return load_order(brand, opened.order_number)


# With a portal link


def test_the_portal_shows_the_button_with_the_last_day(client, tenant) -> None:
    opened = pay(tenant)
    page = client.get(path_of(tenant))
    assert "Renoncer au contrat ici" in words(page)
    assert "Vous pouvez vous rétracter jusqu’au" in words(page)
    assert f"/orders/{order_of(tenant, opened).id}/withdrawal" in page.text


def test_a_buyer_withdraws_in_two_steps_and_gets_an_acknowledgement_at_once(client, tenant, settings) -> None:
    opened = pay(tenant)
    path = portal_path(tenant, order_of(tenant, opened).id)
    page = client.get(path)
    assert "Confirmer la rétractation" in words(page)

    reply = confirm(client, path, reason="Trop tôt.\r\nMerci.")
    assert (reply.status_code, reply.location) == (303, path)
    shown = words(client.get(path))
    assert "Rétractation reçue le" in shown
    assert "Elle est en cours d’examen" in shown
    assert "Confirmer la rétractation" not in shown

    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_ACKNOWLEDGED)
    [withdrawal] = order_of(tenant, opened).withdrawals
    assert f"To: {BUYER}" in mail
    for part in (opened.order_number, "Niveau Mystique", "Trop tôt.", "Merci.", "(Europe/Paris)"):
        assert part in mail
    assert withdrawal.confirmed_at - withdrawal.requested_at < timedelta(seconds=5)


def test_access_is_suspended_while_an_operator_decides(client, tenant) -> None:
    opened = pay(tenant)
    confirm(client, portal_path(tenant, order_of(tenant, opened).id))
    order = order_of(tenant, opened)
    assert [(grant.active, grant.reason) for grant in order.grants] == [(False, "withdrawn")]
    assert order.status is OrderStatus.COMPLETED
    assert count(tenant, RefundRequest) == 0
    assert "Vous vous êtes rétracté de cet achat" in words(client.get(path_of(tenant)))


def test_a_shop_may_refund_at_once(client, refunding) -> None:
    opened = pay(refunding)
    confirm(client, portal_path(refunding, order_of(refunding, opened).id))
    run_sweep(refunding)
    deliver_events(refunding)
    order = order_of(refunding, opened)
    assert (order.status, order.refunded_amount) == (OrderStatus.REFUNDED, 4700)
    [request] = order.refund_requests
    assert (str(request.origin), request.withdrawal_id) == ("withdrawal", order.withdrawals[0].id)


def test_the_message_about_the_refund_names_the_withdrawal(client, refunding, settings) -> None:
    opened = pay(refunding)
    confirm(client, portal_path(refunding, order_of(refunding, opened).id))
    run_sweep(refunding, after=timedelta())
    deliver_events(refunding)
    [mail] = mails(refunding, settings, MessageKind.ORDER_REFUNDED)
    assert "fait suite à votre rétractation" in mail


def test_a_form_that_is_sent_twice_is_one_withdrawal(client, refunding) -> None:
    opened = pay(refunding)
    path = portal_path(refunding, order_of(refunding, opened).id)
    sent = sent_fields(client.get(path))
    assert [client.post(path, data=sent).status_code for _ in range(2)] == [303, 303]
    assert count(refunding, Withdrawal) == count(refunding, RefundRequest) == 1


def test_a_form_that_is_sent_twice_at_the_same_time_is_one_withdrawal(app: Flask, refunding) -> None:
    opened = pay(refunding)
    path = portal_path(refunding, order_of(refunding, opened).id)
    sent = sent_fields(app.test_client().get(path))
    barrier = Barrier(4)

    def send() -> int:
        barrier.wait()
        return app.test_client().post(path, data=sent).status_code

    with ThreadPoolExecutor(4) as threads:
        assert {each.result() for each in [threads.submit(send) for _ in range(4)]} == {303}
    assert count(refunding, Withdrawal) == count(refunding, RefundRequest) == 1


def test_a_part_of_a_cart_is_withdrawn_from_and_refunded(client, refunding) -> None:
    opened = open_cart(refunding, {"shirt": 2, "cap": 1, "mystique": 1})
    pay_session(refunding, opened.session_id)
    deliver_events(refunding)
    order = order_of(refunding, opened)
    lines = {line.product_id: line.id for line in order.lines}
    path = portal_path(refunding, order.id)
    sent = sent_fields(client.get(path))
    del sent[f"units-{lines['mystique']}"], sent[f"units-{lines['cap']}"]
    client.post(path, data=sent | {f"units-{lines['shirt']}": "1"})
    run_sweep(refunding)
    deliver_events(refunding)

    order = order_of(refunding, opened)
    assert (order.status, order.refunded_amount) == (OrderStatus.PARTIALLY_REFUNDED, 5900)
    assert [grant.active for grant in order.grants] == [True]
    # What remains can still be withdrawn from, and is refunded with the rest.
    confirm(client, path)
    run_sweep(refunding)
    deliver_events(refunding)
    order = order_of(refunding, opened)
    assert (order.status, order.net_paid) == (OrderStatus.REFUNDED, 0)


def test_a_free_contract_ends_at_once(client, tenant, settings) -> None:
    opened = open_payment(tenant, "simple")
    path = portal_path(tenant, order_of(tenant, opened).id)
    assert "L’accès au contenu prend fin" in words(client.get(path))
    confirm(client, path)
    [withdrawal] = order_of(tenant, opened).withdrawals
    assert withdrawal.is_accepted
    assert count(tenant, AccessGrant, active=True) == 0
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_ACKNOWLEDGED)
    assert "L’accès au contenu a pris fin." in mail


def test_after_the_period_the_page_says_until_when_it_was(client, tenant) -> None:
    opened = pay(tenant)
    path = portal_path(tenant, order_of(tenant, opened).id)
    sent = sent_fields(client.get(path))
    with time_machine.travel(utc_now() + timedelta(days=20)):
        page = client.get(path)
        assert "Le délai de rétractation a pris fin le" in words(page)
        assert "Renoncer au contrat ici" not in words(client.get(path_of(tenant)))
        assert client.post(path, data=sent).status_code == 400
        assert client.post(path, data=sent | fields(client.get(path_of(tenant)))).status_code == 400
    assert count(tenant, Withdrawal) == 0


def test_a_buyer_who_consented_to_immediate_delivery_is_told_so_before_anything_is_asked(
    client, make_brand
) -> None:
    brand: Brand = make_brand(terms_version="2026-11", terms_url="https://shop.example.com/terms")
    opened = pay(brand, consents=Consents("2026-11", immediate_delivery=True))
    for path in (path_of(brand), portal_path(brand, order_of(brand, opened).id)):
        page = words(client.get(path))
        assert "reconnu perdre ainsi votre droit de rétractation" in page
        assert "Confirmer la rétractation" not in page
        assert "Renoncer au contrat ici" not in page


def test_nothing_chosen_and_a_reason_that_is_too_long_are_said_on_the_page(client, tenant) -> None:
    opened = pay(tenant)
    path = portal_path(tenant, order_of(tenant, opened).id)
    signed = fields(client.get(path))
    assert "Choisissez au moins un article" in words(client.post(path, data=signed))
    reply = confirm(client, path, reason="x" * 1001)
    assert (reply.status_code, "Le motif est trop long" in words(reply)) == (400, True)
    assert "x" * 1001 in reply.text
    assert confirm(client, path, reason="a\x00b").status_code == 400
    assert count(tenant, Withdrawal) == 0


def test_a_form_of_another_page_withdraws_from_nothing(client, tenant) -> None:
    opened = pay(tenant)
    path = portal_path(tenant, order_of(tenant, opened).id)
    reply = confirm(client, path, form="forged")
    assert (reply.status_code, "trop longtemps" in words(reply)) == (400, True)
    assert count(tenant, Withdrawal) == 0


def test_more_units_than_were_ordered_are_refused(client, tenant) -> None:
    opened = pay(tenant, "shirt")
    order = order_of(tenant, opened)
    path = portal_path(tenant, order.id)
    reply = confirm(client, path, **{f"units-{order.lines[0].id}": "2"})
    assert reply.status_code == 409
    assert confirm(client, path, **{f"units-{order.id}": "1"}).status_code == 409
    assert count(tenant, Withdrawal) == 0


def test_an_order_of_another_buyer_or_tenant_looks_unknown(client, tenant, other_tenant) -> None:
    pay(tenant)
    foreign = order_of(other_tenant, pay(other_tenant)).id
    another = order_of(tenant, pay(tenant, customer_email="bea@example.com")).id
    for order_id in (foreign, another):
        path = portal_path(tenant, order_id)
        assert client.get(path).status_code == client.post(path, data={}).status_code == 404
    assert count(tenant, Withdrawal) == count(other_tenant, Withdrawal) == 0


# Without an account


def test_a_guest_withdraws_with_the_link_that_is_sent_to_the_order_s_address(
    client, tenant, settings
) -> None:
    opened = pay(tenant)
    asked_at = utc_now()
    reply = request_by_number(client, tenant, opened.order_number.lower())
    assert "Votre demande est enregistrée" in words(reply)
    assert [entry.actor for entry in audited(tenant, "withdrawal_link_requested")] == ["buyer"]
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    assert f"To: {BUYER}" in mail
    path = linked_path(mail)

    with time_machine.travel(asked_at + timedelta(hours=5)):
        assert "Confirmer la rétractation" in words(client.get(path))
        assert confirm(client, path).status_code == 303
        assert "Rétractation reçue le" in words(client.get(path))
    [withdrawal] = order_of(tenant, opened).withdrawals
    assert str(withdrawal.via) == "guest"
    assert abs(withdrawal.requested_at - asked_at) < timedelta(seconds=5)
    assert withdrawal.confirmed_at - withdrawal.requested_at > timedelta(hours=4)


def test_the_first_step_counts_for_the_period(client, tenant, settings) -> None:
    opened = pay(tenant)
    with time_machine.travel(utc_now() + timedelta(days=13)):
        request_by_number(client, tenant, opened.order_number)
        [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    with time_machine.travel(utc_now() + timedelta(days=25)):
        assert confirm(client, linked_path(mail)).status_code == 303
    assert count(tenant, Withdrawal) == 1


def test_a_link_expires_after_fourteen_days(client, tenant, settings) -> None:
    opened = pay(tenant)
    request_by_number(client, tenant, opened.order_number)
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    sent = sent_fields(client.get(linked_path(mail)))
    with time_machine.travel(utc_now() + timedelta(days=15)):
        reply = client.get(linked_path(mail))
        assert (reply.status_code, "Ce lien n’est plus valable" in words(reply)) == (404, True)
        assert client.post(linked_path(mail), data=sent).status_code in (400, 404)
    assert count(tenant, Withdrawal) == 0


def test_the_reply_is_the_same_whether_or_not_there_is_such_an_order(client, tenant, other_tenant) -> None:
    opened, foreign = pay(tenant), pay(other_tenant)
    with time_machine.travel(utc_now(), tick=False):
        replies = [
            words(request_by_number(client, tenant, number, address))
            for number, address in (
                (opened.order_number, BUYER),
                (opened.order_number, "stranger@example.com"),
                ("ABC-0123456789", BUYER),
                (foreign.order_number, BUYER),
            )
        ]
    assert len(set(replies)) == 1
    assert count(tenant, OutboxMessage, kind=MessageKind.WITHDRAWAL_LINK) == 1
    assert count(other_tenant, OutboxMessage, kind=MessageKind.WITHDRAWAL_LINK) == 0


def test_a_request_takes_as_long_whether_or_not_there_is_such_an_order(
    client, tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = pay(tenant)
    waited: list[float] = []
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr(request_link, "REPLY_TIME", 8.0)
    monkeypatch.setattr(request_link.time, "sleep", waited.append)
    monkeypatch.setattr(request_link.time, "monotonic", lambda: float(next(clock)))
    for number in (opened.order_number, "ABC-0123456789"):
        request_by_number(client, tenant, number)
    # The work took five seconds by this clock: the rest of the time is waited for.
    assert waited == [3.0, 3.0]


def test_a_mailbox_gets_few_links_however_often_they_are_requested(client, tenant) -> None:
    opened, other = pay(tenant), pay(tenant, "shirt")
    for number in (opened.order_number, opened.order_number, other.order_number):
        request_by_number(client, tenant, number)
    assert count(tenant, OutboxMessage, kind=MessageKind.WITHDRAWAL_LINK) == 1
    for hour in range(1, 9):
        with time_machine.travel(utc_now() + timedelta(hours=hour)):
            request_by_number(client, tenant, opened.order_number)
    assert count(tenant, OutboxMessage, kind=MessageKind.WITHDRAWAL_LINK) == 4


def test_a_wrong_number_or_address_is_said_on_the_page(client, tenant) -> None:
    reply = request_by_number(client, tenant, "", BUYER)
    assert (reply.status_code, "Vérifiez le numéro" in words(reply)) == (400, True)
    reply = request_by_number(client, tenant, "ABC-0123456789", "nobody@")
    assert (reply.status_code, "Vérifiez l’adresse" in words(reply)) == (400, True)
    assert 'value="ABC-0123456789"' in reply.text


def test_a_token_of_another_shop_opens_nothing(client, tenant, other_tenant, settings) -> None:
    opened = pay(tenant)
    request_by_number(client, tenant, opened.order_number)
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    path = linked_path(mail).replace(tenant.slug, other_tenant.slug)
    assert client.get(path).status_code == client.post(path).status_code == 404
    forged = linked_path(mail)[:-2] + "AA"
    assert client.get(forged).status_code == 404


def test_an_erased_buyer_s_link_opens_nothing(client, tenant, settings) -> None:
    opened = pay(tenant)
    request_by_number(client, tenant, opened.order_number)
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    erase_customer(tenant.id, BUYER, actor="operator")
    assert client.get(linked_path(mail)).status_code == 404


def test_the_pages_are_in_the_language_of_their_path(client, tenant, settings) -> None:
    opened = pay(tenant, locale="en")
    french, english = client.get(f"/retractation/{tenant.slug}"), client.get(f"/withdrawal/{tenant.slug}")
    assert ('lang="fr"' in french.text, "Renoncer au contrat ici" in words(french)) == (True, True)
    assert ('lang="en"' in english.text, "Withdraw from contract here" in words(english)) == (True, True)
    reply = request_by_number(client, tenant, opened.order_number, page="/withdrawal")
    assert "Your request is recorded" in words(reply)
    [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_LINK)
    assert linked_path(mail).startswith(f"/withdrawal/{tenant.slug}/")
    assert "Confirm withdrawal" in words(client.get(linked_path(mail)))


def test_a_tenants_own_domain_needs_no_slug(client: FlaskClient, tenant, other_tenant) -> None:
    host = {"Host": tenant.domain}
    assert client.get("/retractation", headers=host).status_code == 200
    assert client.get("/withdrawal", headers=host).status_code == 200
    assert client.get("/retractation").status_code == 404
    assert client.get(f"/retractation/{other_tenant.slug}", headers=host).status_code == 404


def test_every_page_of_a_shop_leads_to_the_withdrawal(client, tenant) -> None:
    page = client.get(f"/checkout/{tenant.slug}", headers={"Accept-Language": "fr"})
    assert f'href="/retractation/{tenant.slug}"' in page.text
    page = client.get(f"/checkout/{tenant.slug}/mystique", headers={"Accept-Language": "en"})
    assert f'href="/withdrawal/{tenant.slug}"' in page.text


def test_a_checkout_page_says_for_how_long_the_buyer_may_withdraw(client, make_brand) -> None:
    brand = make_brand(withdrawal_days=30)
    french = {"Accept-Language": "fr"}
    digital = words(client.get(f"/checkout/{brand.slug}/mystique", headers=french))
    assert "Vous pouvez vous rétracter pendant 30 jours à compter de l’achat" in digital
    cart = words(client.get(f"/checkout/{brand.slug}?items=mystique,shirt:1", headers=french))
    assert "Vous pouvez vous rétracter pendant 30 jours à compter de la réception" in cart


def test_a_checkout_page_promises_no_withdrawal_from_what_is_delivered_at_once(client, make_brand) -> None:
    brand = make_brand(terms_version="2026-11", terms_url="https://shop.example.com/terms")
    page = words(client.get(f"/checkout/{brand.slug}/mystique", headers={"Accept-Language": "fr"}))
    assert "Vous pouvez vous rétracter" not in page
    assert "droit de rétractation" in page


def test_the_confirmation_names_the_last_day_and_the_page(client, tenant, settings) -> None:
    pay(tenant)
    [mail] = mails(tenant, settings, MessageKind.ORDER_CONFIRMATION)
    assert "Vous pouvez vous rétracter jusqu’au" in mail
    assert f"/retractation/{tenant.slug}" in mail


def test_a_network_requests_few_withdrawals(client_with, tenant) -> None:
    limited = client_with(rate_limits=RateLimits(enabled=True))
    with reached_at():
        statuses = [
            request_by_number(limited, tenant, f"ABC-{number:010}").status_code for number in range(22)
        ]
    assert statuses == [200] * 20 + [429] * 2
