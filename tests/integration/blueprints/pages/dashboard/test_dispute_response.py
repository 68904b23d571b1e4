"""The page of a dispute: a draft from the records, which an owner corrects and sends to the bank once."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Dispute, Language, Role
from tests.support import refunds, stripe_sandbox
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def disputed(brand: Brand) -> tuple[str, str]:
    """The path of a dispute's page, and the dispute's id."""
    made = refunds.disputed(brand, refunds.pay(brand))
    refunds.deliver_events(brand)
    return f"/dashboard/{brand.slug}/disputes/{made['id']}", made["id"]


def test_an_owner_reads_the_draft_corrects_it_and_sends_it_once(browser, tenant) -> None:
    path, dispute_id = disputed(tenant)
    assert f'href="{path}"' in browser.get(f"/dashboard/{tenant.slug}/disputes").text
    page = browser.get(path).text
    assert "Niveau Mystique, 47.00 EUR each (digital content)." in page
    assert "Downloads are not recorded" in page
    assert "cannot be corrected" in page
    assert re.search(r'<textarea[^>]* id="uncategorized_text"[^>]*>\nOrder ', page)

    words = {"uncategorized_text": "She wrote:\r\n“Thanks <3”"}
    assert browser.submit(path, **words).status_code == 303
    sent = browser.get(path).text

    assert "The response is sent to the bank" in sent
    assert "Thanks &lt;3" in sent
    assert "<textarea" not in sent
    evidence = stripe_sandbox.call(tenant, "GET", f"/v1/disputes/{dispute_id}")["evidence"]
    assert (evidence["uncategorized_text"], evidence["product_description"]) == (
        "She wrote:\n“Thanks <3”",
        None,
    )
    again = browser.submit(path, uncategorized_text="more")
    assert (again.status_code, "the bank reads one only" in again.text) == (409, True)


def test_what_was_written_stays_in_the_form_if_it_is_not_sent(browser, tenant) -> None:
    path, _ = disputed(tenant)
    refused = browser.submit(path, uncategorized_text="x" * 20_001, customer_name="Ada")
    assert (refused.status_code, "at most 20,000 characters" in refused.text) == (409, True)
    assert 'value="Ada"' in refused.text


def test_the_longest_response_is_sent_though_its_letters_are_accented(browser, tenant) -> None:
    path, dispute_id = disputed(tenant)
    fields = ("product_description", "access_activity_log", "uncategorized_text", "refund_policy_disclosure")
    fields += ("refund_refusal_explanation", "duplicate_charge_explanation", "shipping_address")
    written = dict.fromkeys(fields, "é" * 20_000)
    assert browser.submit(path, **written, customer_name="x" * 10_001).status_code == 409
    assert browser.submit(path, **written, customer_name="x" * 10_000).status_code == 303
    evidence = stripe_sandbox.call(tenant, "GET", f"/v1/disputes/{dispute_id}")["evidence"]
    assert len(evidence["uncategorized_text"]) == 20_000


def test_only_who_may_send_a_response_may_send_a_long_form(app, tenant) -> None:
    path, _ = disputed(tenant)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    assert viewer.submit(path, uncategorized_text="x" * 100_000).status_code == 413


def test_after_the_deadline_the_page_says_so_and_has_no_form(browser, tenant) -> None:
    path, dispute_id = disputed(tenant)
    with atomic(tenant.id):
        past = {"due_at": datetime.now(UTC) - timedelta(minutes=1)}
        db.session.execute(update(Dispute).where(Dispute.stripe_dispute_id == dispute_id).values(**past))
    assert "The deadline has passed" in (page := browser.get(path).text)
    assert "Send to the bank" not in page
    assert "The deadline has passed" in browser.submit(path, customer_name="Ada").text


def test_a_viewer_reads_in_french_and_cannot_send(app, tenant) -> None:
    path, _ = disputed(tenant)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    page = viewer.get(path).text
    assert "Litige de la commande" in page
    assert "Envoyer à la banque" not in page
    assert viewer.submit(path, customer_name="Ada").status_code == 403


def test_an_unknown_dispute_is_not_found(browser, tenant) -> None:
    assert browser.get(f"/dashboard/{tenant.slug}/disputes/du_unknown").status_code == 404
