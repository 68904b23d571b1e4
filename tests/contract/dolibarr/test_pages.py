"""The sandbox's Dolibarr as a person sees it, and what stays after a restart."""

import re

import pytest
import requests

from lumira.sandbox.server import SandboxServer
from tests.support.dolibarr import DolibarrSandbox
from tests.support.http_server import serving


def page(server, path=""):
    reply = requests.get(f"{server.url}/{path}", timeout=20)
    assert reply.status_code == 200
    return reply.text


def submit(server, number, **form):
    return requests.post(f"{server.url}/societe/card.php?socid={number}", data=form, timeout=20)


def test_a_new_installation_shows_empty_lists(server) -> None:
    assert page(server).count("None.") == 4


def test_the_lists_lead_to_the_cards_of_third_parties_orders_and_invoices(
    server, create, ada, invoice, pay
) -> None:
    order = create("/orders", socid=ada, date="2026-11-20")
    pay(invoice(linked_objects={"commande": order}), "23.79")
    links = re.findall(r'href="([^"]+)"', page(server))
    assert set(links) == {
        f"societe/card.php?socid={ada}",
        f"commande/card.php?id={order}",
        "compta/facture/card.php?id=1",
    }
    for link in links:
        assert "Ada" in page(server, link)
    assert "pay_1" in page(server, "compta/facture/card.php?facid=1")


def test_staff_change_a_third_party_and_the_webhook_module_posts_it(server, ada) -> None:
    received = []

    def reply(handler):
        received.append(handler.body())
        handler.reply(200)

    with serving(reply) as address:
        server.post_webhooks_to(f"http://{address}/")
        saved = submit(
            server, ada, action="save", name="Ada <i>King</i>", email="king@example.com", phone="1"
        )
    assert saved.status_code == 200
    assert "value='Ada King'" in saved.text
    assert server.third_parties()[0]["email"] == "king@example.com"
    assert b"COMPANY_MODIFY" in received[0]
    assert b'"caller"' not in received[0]


def test_staff_delete_and_merge_third_parties(server, create, ada, invoice) -> None:
    invoice()
    kept = create("/thirdparties", name="Kept")
    refused = submit(server, ada, action="delete")
    assert refused.status_code == 400
    assert submit(server, ada, action="merge", target=str(kept)).status_code == 200
    assert [row["name"] for row in server.third_parties()] == ["Kept"]
    assert server.invoices()[0]["socid"] == kept
    other = create("/thirdparties", name="Other")
    submit(server, other, action="delete")
    assert [row["name"] for row in server.third_parties()] == ["Kept"]


@pytest.mark.parametrize(
    "form", [{"action": "save", "name": ""}, {"action": "save", "name": "x" * 129}, {"action": "merge"}, {}]
)
def test_a_form_that_makes_no_sense_changes_nothing_and_says_so(server, ada, form) -> None:
    before = server.third_parties()
    assert submit(server, ada, **form).status_code == 400
    assert server.third_parties() == before


@pytest.mark.parametrize(
    "path", ["societe/card.php?socid=99", "commande/card.php?id=x", "nothing", "societe/card.php"]
)
def test_a_page_that_does_not_exist_is_a_404(server, path) -> None:
    assert requests.get(f"{server.url}/{path}", timeout=20).status_code == 404


def test_what_staff_enter_is_escaped(server, create) -> None:
    create("/thirdparties", name="O'Brien & <3 'x=y")
    assert "&amp; &lt;3" in page(server)


def test_installations_have_nothing_in_common(server, sandbox, ada) -> None:
    other = DolibarrSandbox(sandbox.url)
    assert other.third_parties() == []
    assert other.call("GET", "/status", key=server.key).status_code == 401


def test_an_installation_survives_a_restart_of_the_sandbox(tmp_path) -> None:
    with SandboxServer(tmp_path) as sandbox:
        server = DolibarrSandbox(sandbox.url)
        options = {"options_lumira_id": "cus_1"}
        server.staff("POST", "/thirdparties", name="Ada", array_options=options, code_client="auto")
        deleted = server.staff("POST", "/thirdparties", name="Deleted")
        server.staff("DELETE", f"/thirdparties/{deleted}")
        port = int(sandbox.url.rpartition(":")[2])
    with SandboxServer(tmp_path, port=port):
        assert [row["name"] for row in server.third_parties()] == ["Ada"]
        again = server.call("POST", "/thirdparties", json={"name": "Eve", "array_options": options})
        assert "Duplicate entry" in again.json()["error"]["0"]
        assert server.staff("POST", "/thirdparties", name="Eve") > deleted
        requests.post(f"{server.url}/control/reset", timeout=20)
        assert server.third_parties() == []


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("settings", {"bogus": 1}),
        ("faults", {"queued": [{"fault": "bogus"}]}),
        ("users", {"x": 1}),
        ("bogus", {}),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(server, name, sent) -> None:
    assert requests.post(f"{server.url}/control/{name}", json=sent, timeout=20).status_code == 400
