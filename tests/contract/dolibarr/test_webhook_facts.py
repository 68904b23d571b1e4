"""The webhook module of the sandbox's Dolibarr posts as it was measured."""

import json
import time
from contextlib import contextmanager

import requests

from tests.support import http_server


@contextmanager
def receiving(respond=lambda _: (200, b"")):
    """Collect what is posted; `respond` returns status and content."""
    received = []

    def reply(handler):
        received.append((handler.path, dict(handler.headers), json.loads(handler.body())))
        handler.reply(*respond(received[-1]))

    with http_server.serving(reply) as address:
        yield f"http://{address}/hook/secret", received


def test_an_event_has_its_code_and_the_object_and_no_signature(server, ada) -> None:
    with receiving() as (url, received):
        server.post_webhooks_to(url)
        server.staff("PUT", f"/thirdparties/{ada}", name="Ada King")
    ((path, headers, body),) = received
    assert path == "/hook/secret"
    assert body["triggercode"] == "COMPANY_MODIFY"
    assert body["object"]["name"] == "Ada King"
    assert headers["Content-Type"] == "application/json"
    assert not [name for name in headers if name.lower().startswith("x-") or "signature" in name.lower()]


def test_the_caller_of_a_change_comes_back_and_in_version_16_does_not(server, ada) -> None:
    with receiving() as (url, received):
        server.post_webhooks_to(url)
        server.staff("PUT", f"/thirdparties/{ada}", name="1", caller="lumira")
        server.staff("PUT", f"/thirdparties/{ada}", name="2")
        server.configure(version="16.0.3")
        server.staff("PUT", f"/thirdparties/{ada}", name="3", caller="lumira")
    assert [body["object"]["context"] for _, _, body in received] == [{"caller": "lumira"}, {}, {}]


def test_an_event_is_sent_before_the_commit(server, ada) -> None:
    read = []

    def respond(_):
        reply = requests.get(
            f"{server.url}/api/index.php/thirdparties/{ada}", headers={"DOLAPIKEY": server.key}, timeout=20
        )
        read.append(reply.json()["name"])
        return 200, b""

    with receiving(respond) as (url, _):
        server.post_webhooks_to(url)
        server.staff("PUT", f"/thirdparties/{ada}", name="Ada King")
    assert read == ["Ada"]
    assert server.third_parties()[0]["name"] == "Ada King"


def test_a_blocking_target_that_fails_undoes_the_change_and_another_one_does_not(server, post) -> None:
    with receiving(lambda _: (500, b"")) as (url, received):
        server.post_webhooks_to(url, type=0)
        assert post("/thirdparties", name="Ada")[0] == 500
        assert server.third_parties() == []
        server.post_webhooks_to(url, type=1)
        assert post("/thirdparties", name="Ada")[0] == 200
    assert [body["triggercode"] for _, _, body in received] == ["COMPANY_CREATE"] * 2
    assert [entry["status"] for entry in server.history()] == [500, 500]


def test_a_failed_event_is_not_repeated(server, ada) -> None:
    with receiving(lambda _: (503, b"")) as (url, received):
        server.post_webhooks_to(url)
        server.staff("PUT", f"/thirdparties/{ada}", name="Ada King")
        time.sleep(0.3)
    assert len(received) == 1


def test_a_slow_receiver_delays_the_user(server, ada) -> None:
    def respond(_):
        time.sleep(0.5)
        return 200, b""

    with receiving(respond) as (url, _):
        server.post_webhooks_to(url)
        started_at = time.monotonic()
        server.staff("PUT", f"/thirdparties/{ada}", name="Ada King")
    assert time.monotonic() - started_at >= 0.5


def test_a_deletion_carries_the_external_reference(server, create) -> None:
    number = create("/thirdparties", name="Ada", ref_ext="cus_1")
    with receiving() as (url, received):
        server.post_webhooks_to(url)
        server.staff("DELETE", f"/thirdparties/{number}")
    ((_, _, body),) = received
    assert (body["triggercode"], body["object"]["ref_ext"]) == ("COMPANY_DELETE", "cus_1")


def test_the_id_is_a_number_or_text_and_the_reference_may_be_null(server) -> None:
    with receiving() as (url, received):
        server.post_webhooks_to(url)
        number = server.staff("POST", "/thirdparties", name="Ada")
        server.staff("PUT", f"/thirdparties/{number}", name="Eve")
    created, changed = (body["object"] for _, _, body in received)
    assert (created["id"], created["ref"]) == (number, None)
    assert changed["id"] == str(number)


def test_events_of_documents_are_sent(server, create, post, invoice, pay, ada) -> None:
    with receiving() as (url, received):
        server.post_webhooks_to(url)
        order = create("/orders", socid=ada, date="2026-11-20")
        post(f"/orders/{order}/validate")
        post(f"/orders/{order}/close")
        server.staff("DELETE", f"/orders/{order}")
        number = invoice()
        pay(number, "23.79")
        server.staff("POST", f"/invoices/{number}/settounpaid")
    assert [body["triggercode"] for _, _, body in received] == [
        "ORDER_CREATE",
        "ORDER_VALIDATE",
        "ORDER_CLOSE",
        "ORDER_DELETE",
        "BILL_CREATE",
        "BILL_VALIDATE",
        "PAYMENT_CUSTOMER_CREATE",
        "BILL_PAYED",
        "BILL_UNPAYED",
    ]


def test_a_target_gets_the_codes_that_it_names(server, create, ada) -> None:
    with receiving() as (url, received):
        server.post_webhooks_to(url, codes=("COMPANY_CREATE",))
        create("/orders", socid=ada, date="2026-11-20")
        create("/thirdparties", name="Eve")
    assert [body["triggercode"] for _, _, body in received] == ["COMPANY_CREATE"]
