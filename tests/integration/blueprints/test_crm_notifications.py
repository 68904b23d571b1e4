"""The route that Dolibarr posts its notifications to."""

import json
import logging

import pytest

from lumira.database import atomic, db
from lumira.models import CrmInbox
from lumira.services.crm.notification_secret import replace_notification_secret, view_notification_url
from tests.support.crm_reading import connect
from tests.support.refunds import audited

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def crm(tenant, dolibarr_server):
    return connect(tenant, dolibarr_server)


def body(dolibarr_id: object, code: str = "COMPANY_MODIFY", **record: object) -> dict[str, object]:
    return {"triggercode": code, "object": {"id": dolibarr_id, "name": "Ada", **record}}


def test_a_notification_is_stored_before_it_is_answered(client, crm) -> None:
    linked = crm.link()

    reply = client.post(crm.path, json=body(str(linked.dolibarr_id)))

    assert (reply.status_code, reply.json) == (200, {"received": True})
    assert crm.pending() == 1


@pytest.mark.parametrize("dolibarr_id", [1, "1"])
def test_an_id_may_be_a_number_or_a_text(client, crm, dolibarr_id) -> None:
    crm.link()

    assert client.post(crm.path, json=body(dolibarr_id)).status_code == 200
    assert crm.pending() == 1


def test_a_wrong_secret_and_a_wrong_tenant_get_the_same_reply(client, crm, other_tenant) -> None:
    secret = crm.path.rpartition("/")[2]
    guesses = [
        f"{crm.path}x",
        crm.path[:-1],
        f"/api/crm/dolibarr/{crm.brand.slug}/x",
        f"/api/crm/dolibarr/{crm.brand.slug}/%00",
        f"/api/crm/dolibarr/{crm.brand.slug}/%ff%fe",
        f"/api/crm/dolibarr/{other_tenant.slug}/{secret}",
        f"/api/crm/dolibarr/no-such-shop/{secret}",
        f"/api/crm/dolibarr/{'x' * 500}/{secret}",
    ]

    replies = [client.post(path, data=b"{") for path in guesses]

    assert {reply.status_code for reply in replies} == {404}
    assert {(reply.json["code"], reply.json["message"]) for reply in replies} == {
        ("NOT_FOUND", "There is no such address.")
    }


def test_a_replaced_secret_counts_no_longer(client, crm) -> None:
    former = crm.path

    replace_notification_secret(crm.brand.id, actor="test")

    assert client.post(former, json=body(1)).status_code == 404
    assert client.post(crm.path, json=body(1)).status_code == 200
    assert len(audited(crm.brand, "crm_secret_replaced")) == 1


def test_the_address_stays_the_same_however_often_it_is_shown(crm) -> None:
    assert view_notification_url(crm.brand.id) == view_notification_url(crm.brand.id)


def test_the_secret_is_not_stored_in_plain_text(crm) -> None:
    secret = crm.path.rpartition("/")[2]
    with atomic(crm.brand.id):
        inbox = db.session.get_one(CrmInbox, crm.brand.id)
        assert secret not in inbox.secret_digest
        assert secret.encode() not in inbox.secret_sealed


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"triggercode": "COMPANY_MODIFY"}',
        b'{"triggercode": 5, "object": {"id": 1}}',
        b'{"triggercode": "company<script>", "object": {"id": 1}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": []}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": 0}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": -1}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": 1.5}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": true}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": null}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": "1; DROP TABLE"}}',
        '{"triggercode": "COMPANY_MODIFY", "object": {"id": "\u0661"}}'.encode(),
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": "1\\u0000"}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": ' + b"9" * 5000 + b"}}",
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": "' + b"9" * 5000 + b'"}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": {"id": "9223372036854775808"}}',
        b'{"triggercode": "COMPANY_MODIFY", "object": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"triggercode": "COMPANY_MODIFY", "triggercode": "X", "object": {"id": 1}}',
    ],
)
def test_nonsense_is_refused_and_stores_nothing(client, crm, sent) -> None:
    crm.link()

    reply = client.post(crm.path, data=sent, content_type="application/json")

    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_REQUEST")
    assert crm.pending() == 0


def test_a_long_body_is_refused(client, crm) -> None:
    assert client.post(crm.path, data=b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("code", ["USER_LOGIN", "PRODUCT_CREATE", "CONTACT_MODIFY"])
def test_what_lumira_does_not_exchange_is_ignored(client, crm, code) -> None:
    crm.link()

    assert client.post(crm.path, json=body(1, code)).status_code == 200
    assert crm.pending() == 0


def test_what_lumira_caused_is_ignored(client, crm) -> None:
    linked = crm.link()

    client.post(crm.path, json=body(linked.dolibarr_id, context={"caller": "lumira"}))
    assert crm.pending() == 0
    client.post(crm.path, json=body(linked.dolibarr_id, context={"caller": "another"}))
    assert crm.pending() == 1
    client.post(crm.path, json=body(linked.dolibarr_id, context="lumira"))


def test_a_flood_makes_no_more_rows_than_there_are_links(client, crm) -> None:
    linked = crm.link()

    for number in range(1, 40):
        assert client.post(crm.path, json=body(number)).status_code == 200
        client.post(crm.path, json=body(linked.dolibarr_id))

    assert crm.pending() == 1


def test_only_post_is_accepted(client, crm) -> None:
    for method in ("get", "put", "delete", "options"):
        assert getattr(client, method)(crm.path).status_code == 405


def test_the_secret_is_in_no_log_line(client, crm, capsys, monkeypatch) -> None:
    secret = crm.path.rpartition("/")[2]
    client.post(crm.path, json=body(1))
    client.post(crm.path, data=b"{")
    client.get(crm.path)
    logging.getLogger("lumira").error("A library quotes http://lumira.example%s?x=1", crm.path)

    def fail(*_: object) -> None:
        raise RuntimeError(f"while {crm.path} was read")

    monkeypatch.setattr("lumira.blueprints.crm.receive_notification", fail)
    client.application.testing = False
    try:
        assert client.post(crm.path, json=body(1)).status_code == 500
    finally:
        client.application.testing = True

    lines = capsys.readouterr().err
    assert "/api/crm/dolibarr/" in lines
    assert secret not in lines
    assert all(json.loads(line) for line in lines.splitlines())


def test_a_browser_of_another_site_cannot_read_a_reply(client, crm) -> None:
    reply = client.post(crm.path, json=body(1), headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in reply.headers
