"""The audit log: an owner finds who did what, and verifies that it was not changed."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import insert, select

from config.settings import Settings
from lumira.database import atomic, db
from lumira.models import AlertKind, AuditEntry, Language, Role
from lumira.models.columns import uuid7_from
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.services.audit import verify_newest as module
from lumira.services.audit.seal_entries import seal_all
from tests.support import refunds
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/audit"


def act(brand: Brand, subject: str = "product:shirt", *, actor: str = "operator", **details) -> None:
    with atomic(brand.id):
        audit.record(brand.id, actor=actor, action="tested", subject=subject, **details)


def listed(page: str) -> list[str]:
    """The subjects of the entries that a page shows."""
    return re.findall(r'data-label="Subject"[^>]*>(?:<a[^>]*>)?([^<]*)', page)


def backdated(brand: Brand, number: int, at: datetime) -> dict:
    return {
        "tenant_id": brand.id,
        # Several of the same second.
        "id": uuid7_from(at, shifted=timedelta(milliseconds=number % 7)),
        "at": at,
        "actor": "worker",
        "action": "tested_before",
        "subject": f"event:{number:05}",
        "details": {},
    }


def test_an_entry_says_who_did_what_to_which_order(browser, owner, tenant) -> None:
    number = refunds.pay(tenant).order_number
    with atomic(tenant.id):
        order_id = db.session.execute(
            select(AuditEntry.subject).where(AuditEntry.action == "order_completed")
        ).scalar_one()
    act(tenant, order_id, actor=owner.actor, reason="<b>called</b>")
    page = browser.get(f"{path_of(tenant)}?subject={number.lower()}&action=tested").text
    assert listed(page) == [number]
    assert f'href="/dashboard/{tenant.slug}/orders/{number}"' in page
    assert owner.email in page.split("<tbody>")[1]
    assert "reason: &lt;b&gt;called&lt;/b&gt;" in page


def test_the_list_is_filtered_by_action_actor_and_subject(browser, tenant) -> None:
    act(tenant, "product:shirt", actor="stripe")
    act(tenant, "product:mystique", actor="key:1")
    for query, expected in {
        "action=tested": ["product:mystique", "product:shirt"],
        "action=tested&actor=stripe": ["product:shirt"],
        "actor=key:1": ["product:mystique"],
        "subject=product:shirt": ["product:shirt"],
    }.items():
        assert listed(browser.get(f"{path_of(tenant)}?{query}").text) == expected
    page = browser.get(f"{path_of(tenant)}?subject=nothing:1").text
    assert "No entry matches." in page
    assert TEXTS[Language.ENGLISH]["audit"]["reset"] in page


def test_an_action_has_a_name_in_the_list_and_the_filter_and_its_code_in_the_details(app, tenant) -> None:
    number = refunds.pay(tenant).order_number
    for language, name, title in (
        (Language.FRENCH, "Commande complétée", "Toutes"),
        (Language.ENGLISH, "Order completed", "All"),
    ):
        browser = sign_in(app, make_operator(tenant, language=language))
        page = browser.get(f"{path_of(tenant)}?action=order_completed").text
        assert f'<option value="">{title}</option>' in page
        assert f'<option value="order_completed" selected>{name}</option>' in page
        [row] = page.split("<tbody>")[1].split("<tr>")[1:]
        assert f">{name}</th>" in row
        assert "<code>order_completed</code>" in row
        assert name in browser.get(f"/dashboard/{tenant.slug}/orders/{number}").text


def test_a_day_begins_and_ends_at_midnight_of_the_shop(browser, tenant) -> None:
    # Paris is one hour ahead of UTC in November.
    midnights = (datetime(2026, 11, 9, 23, tzinfo=UTC), datetime(2026, 11, 10, 23, tzinfo=UTC))
    second = timedelta(seconds=1)
    times = (midnights[0] - second, midnights[0], midnights[1] - second, midnights[1])
    with atomic(tenant.id):
        db.session.execute(insert(AuditEntry), [backdated(tenant, n, at) for n, at in enumerate(times)])
    page = browser.get(f"{path_of(tenant)}?from=2026-11-10&to=2026-11-10").text
    assert listed(page) == ["event:00002", "event:00001"]
    assert browser.get(f"{path_of(tenant)}?from=tomorrow").status_code == 400


def test_ten_thousand_entries_are_paged_without_a_gap(browser, tenant) -> None:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [backdated(tenant, n, begin + timedelta(seconds=n // 7)) for n in range(10_000)]
    with atomic(tenant.id):
        db.session.execute(insert(AuditEntry), rows)
    path, seen = f"{path_of(tenant)}?action=tested_before", []
    for _ in range(3):
        page = browser.get(path).text
        seen += listed(page)
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    assert seen == [f"event:{n:05}" for n in range(9_999, 9_849, -1)]


def test_the_file_has_every_entry_of_the_list_and_no_formula(browser, tenant) -> None:
    for number in range(3):
        act(tenant, f"=cmd:{number}", reason="été")
    reply = browser.get(f"{path_of(tenant)}/export?action=tested")
    rows = list(csv.reader(io.StringIO(reply.text.removeprefix("\ufeff"))))
    assert rows[0][:4] == ["At", "Actor", "Action", "Subject"]
    assert [row[3] for row in rows[1:]] == ["'=cmd:2", "'=cmd:1", "'=cmd:0"]
    assert json.loads(rows[1][4])["reason"] == "été"
    assert "été" in rows[1][4]
    assert len(refunds.audited(tenant, "audit_exported")) == 1


def test_verifying_says_what_was_verified_and_that_nothing_was_changed(browser, owner, tenant) -> None:
    assert "No entry is sealed yet" in browser.get(path_of(tenant)).text
    sealed = seal_all(tenant.id)
    assert f"{sealed} entries are sealed" in browser.get(path_of(tenant)).text
    browser.submit(f"{path_of(tenant)}/verify")
    page = browser.get(path_of(tenant)).text
    assert f"{sealed} of {sealed} sealed entries were verified, the newest first: none was changed" in page
    assert [entry.actor for entry in refunds.audited(tenant, "audit_verified")] == [owner.actor]


@pytest.mark.parametrize("change", ["UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_links"])
def test_verifying_names_an_entry_that_was_changed_or_removed(
    browser, tenant, settings: Settings, monkeypatch, change
) -> None:
    # Steps of two: the changed link is the first, the last or in between.
    monkeypatch.setattr(module, "_STEP", 2)
    for _ in range(6):
        act(tenant)
    last = seal_all(tenant.id)
    url = settings.database_owner_url.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        found = connection.execute(
            "SELECT entry_id FROM audit_links WHERE tenant_id = %s AND sequence = %s", (tenant.id, last - 2)
        ).fetchone()
        column = "id" if "entries" in change else "entry_id"
        connection.execute(f"{change} WHERE {column} = %s", found)
    browser.submit(f"{path_of(tenant)}/verify")
    page = browser.get(path_of(tenant)).text
    assert f"of {last} sealed entries were verified:" in page
    assert f"link {last - 2}" in page


def test_verifying_reads_only_the_newest_entries(tenant, owner, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 4)
    monkeypatch.setattr(module, "_STEP", 2)
    for _ in range(10):
        act(tenant)
    sealed = seal_all(tenant.id)
    verified = module.verify_newest(tenant.id, actor=owner.actor)
    assert (verified.sealed, verified.result.links, verified.result.errors) == (sealed, 4, [])


def test_an_open_alert_about_the_chain_is_shown(browser, tenant) -> None:
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.AUDIT_CHAIN_BROKEN, subject="audit", reason="x")
    assert TEXTS[Language.ENGLISH]["audit"]["broken"] in browser.get(path_of(tenant)).text


def test_only_an_owner_of_the_shop_reads_it(app, tenant, other_tenant) -> None:
    act(tenant, "product:secret")
    assert sign_in(app, make_operator(tenant, Role.VIEWER)).get(path_of(tenant)).status_code == 403
    stranger = sign_in(app, make_operator(other_tenant))
    assert stranger.get(path_of(tenant)).status_code == 404
    assert "product:secret" not in stranger.get(path_of(other_tenant)).text


def test_the_page_is_written_in_french(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    assert TEXTS[Language.FRENCH]["audit"]["chain"] in browser.get(path_of(tenant)).text
