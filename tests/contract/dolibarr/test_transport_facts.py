"""Keys, status codes, error bodies and stored texts of the sandbox's Dolibarr are those that were measured."""

import time

import pytest
import requests


def test_the_key_is_sent_in_its_header_or_as_a_bearer_token_or_in_the_query(server) -> None:
    url = f"{server.url}/api/index.php/status"
    for options in (
        {"headers": {"DOLAPIKEY": server.key}},
        {"headers": {"Authorization": f"Bearer {server.key}"}},
        {"params": {"DOLAPIKEY": server.key}},
    ):
        assert requests.get(url, timeout=20, **options).json()["success"]["dolibarr_version"]


def test_a_wrong_key_costs_a_second_and_then_gets_a_401(server) -> None:
    server.configure(bad_key_seconds=1.0)
    started_at = time.monotonic()
    assert server.call("GET", "/status", key="wrong").status_code == 401
    assert time.monotonic() - started_at >= 1


def test_no_key_gets_a_401(server) -> None:
    assert requests.get(f"{server.url}/api/index.php/status", timeout=20).status_code == 401


def test_the_details_of_an_error_are_extra_keys_of_it(post) -> None:
    status, body = post("/thirdparties", name="Ada", client=1, code_client="C1")
    assert status == 500
    assert body["error"]["code"] == 500
    assert body["error"]["message"] == "Internal Server Error: Error creating thirdparty"
    assert body["error"]["0"] == "ErrorBadCustomerCodeSyntax"


def test_an_error_has_a_debug_object_unless_in_production_mode(server, get) -> None:
    assert "debug" in get("/orders/99")[1]
    server.configure(production_mode=True)
    assert "debug" not in get("/orders/99")[1]


@pytest.mark.parametrize("path", ["/nothing", "/webhooks/1"])
def test_an_unknown_resource_is_a_501_as_html(server, path) -> None:
    reply = server.call("GET", path)
    assert reply.status_code == 501
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text.startswith("API not found")


def test_a_module_that_is_off_is_a_501_as_html(server) -> None:
    server.configure(modules_off=["commande"])
    reply = server.call("GET", "/orders")
    assert (reply.status_code, reply.headers["Content-Type"].split(";")[0]) == (501, "text/html")


def test_a_missing_field_is_a_400(post) -> None:
    assert post("/thirdparties")[0] == 400
    assert post("/thirdparties")[1]["error"]["message"] == "Bad Request: name field missing"
    assert post("/orders", socid=1)[1]["error"]["message"] == "Bad Request: date field missing"


def test_bad_json_is_a_400(server) -> None:
    reply = server.call("POST", "/thirdparties", data=b"{", headers={"Content-Type": "application/json"})
    assert reply.status_code == 400


def test_form_bodies_are_accepted(server) -> None:
    assert server.call("POST", "/thirdparties", data={"name": "Ada"}).status_code == 200


def test_a_missing_right_is_a_403_and_in_version_16_a_401(server, post) -> None:
    server.change_user(rights=[121, 262])
    assert post("/thirdparties", name="Ada")[0] == 403
    server.configure(version="16.0.3")
    assert post("/thirdparties", name="Ada")[0] == 401


def test_a_missing_record_is_a_404(get) -> None:
    for path in ("/thirdparties/99", "/orders/99", "/invoices/99"):
        assert get(path)[0] == 404


def test_deleting_a_third_party_with_documents_is_a_409(server, ada, invoice) -> None:
    invoice()
    assert server.call("DELETE", f"/thirdparties/{ada}").status_code == 409


def test_validating_or_closing_twice_is_an_empty_304(server, ada, create) -> None:
    number = create("/orders", socid=ada, date="2026-11-20")
    for action in ("validate", "setinvoiced", "close"):
        assert server.call("POST", f"/orders/{number}/{action}", key=server.key, json={}).status_code == 200
        reply = server.call("POST", f"/orders/{number}/{action}", key=server.key, json={})
        assert (reply.status_code, reply.content) == (304, b"")


def test_settling_an_invoice_twice_is_an_empty_304(server, invoice) -> None:
    number = invoice()
    assert server.call("POST", f"/invoices/{number}/settopaid", json={}).status_code == 200
    assert server.call("POST", f"/invoices/{number}/settopaid", json={}).status_code == 304


def test_a_duplicate_is_a_500_with_text(post) -> None:
    options = {"options_lumira_id": "cus_1"}
    assert post("/thirdparties", name="Ada", array_options=options)[0] == 200
    status, body = post("/thirdparties", name="Eve", array_options=options)
    assert status == 500
    assert body["error"]["0"] == "Duplicate entry 'cus_1' for key 'uk_societe_extrafields_lumira_id'"


def test_a_change_that_a_rule_blocks_is_a_500_without_text(server, ada) -> None:
    server.configure(blocks_changes=True)
    reply = server.call("PUT", f"/thirdparties/{ada}", json={"name": "Eve"})
    assert reply.status_code == 500
    assert reply.json()["error"] == {"code": 500, "message": "Internal Server Error"}


def test_a_create_returns_a_bare_integer(server) -> None:
    reply = server.call("POST", "/thirdparties", json={"name": "Ada"})
    assert (reply.status_code, reply.text) == (200, "1")


def test_values_are_read_as_strings_and_dates_as_unix_seconds(get, ada, invoice) -> None:
    _, third_party = get(f"/thirdparties/{ada}")
    assert (third_party["id"], third_party["client"], third_party["status"]) == (str(ada), "1", "1")
    assert isinstance(third_party["date_creation"], int)
    _, read = get(f"/invoices/{invoice()}")
    assert (read["total_ht"], read["total_ttc"]) == ("19.99000000", "23.79000000")
    assert (read["status"], read["type"]) == ("1", "0")


def test_some_calls_return_integers(get, create, ada) -> None:
    number = create("/orders", socid=ada, date="2026-11-20")
    assert get(f"/orders/{number}")[1]["id"] == number


def test_html_tags_and_double_quotes_are_dropped_silently(get, create) -> None:
    number = create("/thirdparties", name='<b>Bob</b> "q"')
    assert get(f"/thirdparties/{number}")[1]["name"] == "Bob q"


def test_four_byte_characters_are_stored(get, create) -> None:
    assert get(f"/thirdparties/{create('/thirdparties', name='Ada 🎁')}")[1]["name"] == "Ada 🎁"


@pytest.mark.parametrize(
    ("field", "column", "size"),
    [
        ("name", "nom", 128),
        ("email", "email", 128),
        ("phone", "phone", 30),
        ("zip", "zip", 25),
        ("town", "town", 50),
        ("address", "address", 255),
    ],
)
def test_what_is_too_long_is_a_500_that_names_the_column(post, field, column, size) -> None:
    assert post("/thirdparties", **{"name": "Ada", field: "x" * size})[0] == 200
    status, body = post("/thirdparties", **{"name": "Ada", field: "x" * (size + 1)})
    assert status == 500
    assert body["error"]["0"] == f"Data too long for column '{column}' at row 1"


def test_an_email_address_is_not_checked_and_unknown_fields_are_ignored(get, create) -> None:
    number = create("/thirdparties", name="Ada", email="not an address", bogus=1)
    assert get(f"/thirdparties/{number}")[1]["email"] == "not an address"


def test_the_webhook_resource_is_forbidden_for_everyone(server) -> None:
    assert server.call("GET", "/webhook").status_code == 403


def test_the_constants_of_the_set_up_are_for_administrators(server, get) -> None:
    assert server.call("GET", "/setup/conf/MAIN_MONNAIE").json() == "EUR"
    assert get("/setup/conf/MAIN_MONNAIE")[0] == 403
    assert get("/setup/extrafields")[0] == 403


def test_rights_of_the_user_suffice_for_customer_order_invoice_validation_and_payment(
    post, ada, create, invoice, pay
) -> None:
    number = create("/orders", socid=ada, date="2026-11-20")
    assert post(f"/orders/{number}/validate")[0] == 200
    assert pay(invoice(), "23.79")[0] == 200


def test_advanced_permissions_need_84_87_and_14(server, post, create, ada, invoice) -> None:
    server.configure(advanced_permissions=True)
    order, draft = create("/orders", socid=ada, date="2026-11-20"), invoice(is_draft=True)
    assert post(f"/orders/{order}/validate")[0] == 403
    assert post(f"/invoices/{draft}/validate")[0] == 403
    server.change_user(rights=[121, 122, 262, 81, 82, 84, 87, 11, 12, 14])
    assert post(f"/orders/{order}/validate")[0] == 200
    assert post(f"/orders/{order}/close")[0] == 200
    assert post(f"/invoices/{draft}/validate")[0] == 200
