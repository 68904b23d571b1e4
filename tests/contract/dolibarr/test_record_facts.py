"""Third parties, products, categories, banks and orders of the sandbox's Dolibarr are those that were measured."""

import threading
import time

import pytest

from tests.support.http_server import serving


def at_once(count, action):
    """Run `action(number)` in as many threads; return the results."""
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(action(n))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_name_is_the_only_required_field_and_a_code_is_numbered(get, create) -> None:
    bare = create("/thirdparties", name="Bare")
    assert get(f"/thirdparties/{bare}")[1]["code_client"] is None
    for n in (1, 2):
        number = create("/thirdparties", name="Ada", code_client="auto")
        assert get(f"/thirdparties/{number}")[1]["code_client"].endswith(f"-0000{n}")
    assert get(f"/thirdparties/{create('/thirdparties', name='Ada', code_client='-1')}")[1]["code_client"]


def test_a_change_is_partial_returns_the_object_and_an_empty_text_clears(server, ada) -> None:
    changed = server.staff("PUT", f"/thirdparties/{ada}", email="", ref_ext="cus_1")
    assert (changed["name"], changed["email"] or None, changed["ref_ext"]) == ("Ada", None, "cus_1")
    assert server.staff("PUT", f"/thirdparties/{ada}", status=0)["status"] == "0"


def test_a_country_code_is_accepted_and_in_version_16_ignored(server, get, create) -> None:
    assert (
        get(f"/thirdparties/{create('/thirdparties', name='A', country_code='DE')}")[1]["country_code"]
        == "DE"
    )
    server.configure(version="16.0.3")
    assert (
        get(f"/thirdparties/{create('/thirdparties', name='A', country_code='DE')}")[1]["country_code"] == ""
    )


def test_a_third_party_is_deleted_once(server, ada) -> None:
    assert server.call("DELETE", f"/thirdparties/{ada}").status_code == 200
    assert server.call("DELETE", f"/thirdparties/{ada}").status_code == 404


def test_a_merge_moves_the_documents_and_one_id_disappears(server, get, ada, invoice, create) -> None:
    number, kept = invoice(), create("/thirdparties", name="Ada L.")
    server.staff("PUT", f"/thirdparties/{kept}/merge/{ada}")
    assert get(f"/thirdparties/{ada}")[0] == 404
    assert get(f"/invoices/{number}")[1]["socid"] == str(kept)
    assert get(f"/thirdparties/{kept}")[1]["email"] == "ada@example.com"


def test_external_references_are_not_unique(server, create, ada) -> None:
    for path, kind in (("/thirdparties", "societe"), ("/orders", "commande"), ("/invoices", "facture")):
        for _ in range(2):
            create(path, name="Eve", socid=ada, date="2026-11-20", ref_ext="same")
        assert [row["ref_ext"] for row in server.rows(kind)].count("same") == 2


@pytest.mark.parametrize(
    ("path", "kind", "table"),
    [
        ("/thirdparties", "societe", "societe"),
        ("/orders", "commande", "commande"),
        ("/invoices", "facture", "facture"),
    ],
)
def test_four_creates_at_once_with_a_unique_extra_field_give_one_row(
    server, post, ada, path, kind, table
) -> None:
    before = len(server.rows(kind))
    body = {"name": "Eve", "socid": ada, "date": "2026-11-20", "array_options": {"options_lumira_id": "one"}}

    replies = at_once(4, lambda _: post(path, **body))

    assert sorted(status for status, _ in replies) == [200, 500, 500, 500]
    refused = {reply["error"]["0"] for status, reply in replies if status == 500}
    assert refused == {f"Duplicate entry 'one' for key 'uk_{table}_extrafields_lumira_id'"}
    assert len(server.rows(kind)) == before + 1


def test_an_extra_field_without_a_unique_index_accepts_the_same_value_twice(sandbox) -> None:
    from tests.support.dolibarr import DolibarrSandbox  # noqa: PLC0415

    server = DolibarrSandbox(sandbox.url, has_extra_fields=False)
    body = {"label": "ID", "type": "varchar", "size": "64", "elementtype": "societe", "unique": 0}
    server.staff("POST", "/setup/extrafields/societe/lumira_id", **body)
    for _ in range(2):
        server.staff("POST", "/thirdparties", name="Ada", array_options={"options_lumira_id": "one"})
    assert len(server.third_parties()) == 2


def test_defining_an_extra_field_again_is_a_409_and_thirdparty_as_element_answers_minus_1(server) -> None:
    body = {"label": "ID", "type": "varchar", "size": "64", "unique": 1}
    again = server.call(
        "POST", "/setup/extrafields/societe/lumira_id", json={**body, "elementtype": "societe"}
    )
    assert again.status_code == 409
    assert server.staff("POST", "/setup/extrafields/thirdparty/other", **body, elementtype="thirdparty") == -1
    assert "other" in server.call("GET", "/setup/extrafields").json()["societe"]


def test_a_contact_needs_a_last_name(server, ada) -> None:
    assert server.call("POST", "/contacts", json={"firstname": "A", "socid": ada}).status_code == 400
    assert server.staff("POST", "/contacts", lastname="L", firstname="A", socid=ada) == 1


def test_the_reference_of_a_product_is_rewritten_and_unique(server) -> None:
    product = {"ref": "SKU 3/x", "label": "Course", "price": "19.99", "price_base_type": "HT", "tva_tx": "19"}
    number = server.staff("POST", "/products", **product)
    assert server.call("GET", f"/products/{number}").json()["ref"] == "SKU_3_x"
    reply = server.call("POST", "/products", json=product)
    assert reply.status_code == 500
    assert "ErrorProductAlreadyExists" in reply.json()["error"]["0"]


def test_a_category_exists_once(server) -> None:
    assert server.staff("POST", "/categories", label="Shop", type="customer") == 1
    assert server.call("POST", "/categories", json={"label": "Shop", "type": "customer"}).status_code == 500


def test_a_bank_account_gets_lines_with_its_right(server, post) -> None:
    number = server.staff(
        "POST",
        "/bankaccounts",
        ref="PSP2",
        label="PSP",
        type=1,
        currency_code="EUR",
        country_id=5,
        date_solde=1795000000,
    )
    line = {"date": 1795000000, "type": "VIR", "label": "fee", "amount": -0.6}
    assert post(f"/bankaccounts/{number}/lines", **line)[0] == 403
    server.staff("POST", f"/bankaccounts/{number}/lines", **line)
    assert [row["amount"] for row in server.rows("bankline")] == ["-0.6"]


def test_payment_types_and_countries_are_read_from_dictionaries(get) -> None:
    types = {row["code"]: row["id"] for row in get("/setup/dictionary/payment_types")[1]}
    assert (types["CB"], types["VIR"], types["CHQ"], types["LIQ"], types["PRE"]) == ("6", "2", "7", "4", "3")
    assert get("/setup/dictionary/countries/byCode/DE")[1]["id"] == "5"
    assert get("/setup/dictionary/vat", fk_country=5)[0] == 200


def test_an_order_needs_customer_and_date_and_begins_as_a_draft(get, post, create, ada) -> None:
    assert post("/orders", date="2026-11-20")[0] == 400
    number = create("/orders", socid=ada, date="2026-11-20")
    _, order = get(f"/orders/{number}")
    assert (order["ref"], order["status"]) == (f"(PROV{number})", "0")
    post(f"/orders/{number}/validate")
    post(f"/orders/{number}/setinvoiced")
    post(f"/orders/{number}/close")
    _, order = get(f"/orders/{number}")
    assert (order["ref"], order["status"], order["billed"]) == ("SO2611-0001", "3", "1")


def test_a_products_own_price_is_not_used_and_negative_lines_are_accepted(server, get, create, ada) -> None:
    product = server.staff(
        "POST", "/products", ref="P", label="P", price="10", price_base_type="HT", tva_tx="20"
    )
    lines = [{"fk_product": product, "qty": 1}, {"qty": 1, "subprice": "-5", "tva_tx": "77"}]
    number = create("/orders", socid=ada, date="2026-11-20", lines=lines)
    _, order = get(f"/orders/{number}")
    assert [line["total_ttc"] for line in order["lines"]] == ["0.00000000", "-8.85000000"]


def test_another_currency_is_ignored_silently(get, create, ada) -> None:
    number = create("/orders", socid=ada, date="2026-11-20", multicurrency_code="USD")
    assert get(f"/orders/{number}")[1]["multicurrency_code"] == "EUR"


def test_a_closed_and_invoiced_order_is_deleted(server, create, post, ada) -> None:
    number = create("/orders", socid=ada, date="2026-11-20")
    for action in ("validate", "setinvoiced", "close"):
        post(f"/orders/{number}/{action}")
    assert server.call("DELETE", f"/orders/{number}").status_code == 200


def test_an_empty_order_is_validated_and_an_empty_invoice_is_not(post, create, ada) -> None:
    assert post(f"/orders/{create('/orders', socid=ada, date='2026-11-20')}/validate")[0] == 200
    assert post(f"/invoices/{create('/invoices', socid=ada, date='2026-11-20')}/validate")[0] == 500


def test_the_time_of_a_date_is_lost(server, get, create, ada) -> None:
    seconds = 1795003200 + 13 * 3600 + 123
    number = create("/orders", socid=ada, date=seconds)
    stored = get(f"/orders/{number}")[1]["date"]
    assert server.local_time(stored).endswith("00:00:00")
    assert 0 <= seconds - stored < 24 * 3600


def test_unit_prices_have_five_decimals_and_each_line_is_rounded_to_two(get, create, ada) -> None:
    lines = [
        {"qty": 3, "subprice": "0.1234567", "tva_tx": "20"},
        {"qty": 1, "subprice": "0.005", "tva_tx": "0"},
    ]
    number = create("/orders", socid=ada, date="2026-11-20", lines=lines)
    _, order = get(f"/orders/{number}")
    assert [line["subprice"] for line in order["lines"]] == ["0.12346000", "0.00500000"]
    assert [line["total_ttc"] for line in order["lines"]] == ["0.44000000", "0.01000000"]
    assert order["total_ttc"] == "0.45000000"


@pytest.mark.parametrize(
    ("gross", "quantity", "rate"),
    [(2000, 1, "20"), (123456, 13, "20"), (999, 7, "5.5"), (1, 1, "10"), (4990, 3, "19")],
)
def test_the_net_price_of_five_decimals_reproduces_the_gross_total(
    get, create, ada, gross, quantity, rate
) -> None:
    net = round(gross / 100 / (1 + float(rate) / 100), 5)
    lines = [{"qty": quantity, "subprice": net, "tva_tx": rate}]
    number = create("/invoices", socid=ada, date="2026-11-20", lines=lines)
    assert get(f"/invoices/{number}")[1]["total_ttc"] == f"{gross * quantity / 100:.2f}000000"


def test_a_gross_price_is_ignored_in_lines_and_honoured_when_a_line_is_added(get, create, ada, post) -> None:
    line = {"qty": 1, "subprice": "12", "tva_tx": "20", "price_base_type": "TTC", "product_type": 1}
    number = create("/orders", socid=ada, date="2026-11-20", lines=[line])
    assert get(f"/orders/{number}")[1]["total_ttc"] == "14.40000000"
    post(f"/orders/{number}/lines", **line)
    assert get(f"/orders/{number}")[1]["total_ttc"] == "26.40000000"


def test_orders_validated_at_once_may_take_the_same_number_and_then_one_fails(
    server, post, create, ada
) -> None:
    numbers = [create("/orders", socid=ada, date="2026-11-20") for _ in range(4)]

    replies = at_once(4, lambda n: post(f"/orders/{numbers[n]}/validate"))

    for status, reply in replies:
        assert status == 200 or "uk_commande_ref" in reply["error"]["0"]
    refs = [row["ref"] for row in server.orders() if row["status"] == 1]
    assert len(refs) == len(set(refs)) == [status for status, _ in replies].count(200)


def test_two_merges_across_each_other_end_with_one_refused_or_both_done_and_no_wait(server, create) -> None:
    first, second = create("/thirdparties", name="First"), create("/thirdparties", name="Second")
    pairs = [(first, second), (second, first)]

    replies = at_once(2, lambda n: server.call("PUT", "/thirdparties/{}/merge/{}".format(*pairs[n]), json={}))

    assert sorted(reply.status_code for reply in replies) in ([200, 404], [200, 500])
    assert len(server.third_parties()) == 1


def test_a_writer_waits_for_the_lock_of_another_one_and_gives_up_after_a_time(server, ada) -> None:
    server.configure(lock_wait_seconds=0.1)

    def respond(handler):
        time.sleep(2)
        handler.reply(200)

    with serving(respond) as address:
        server.post_webhooks_to(f"http://{address}/")
        replies = at_once(2, lambda n: server.call("PUT", f"/thirdparties/{ada}", json={"name": f"Name {n}"}))
    assert sorted(reply.status_code for reply in replies) == [200, 500]
    texts = [reply.json()["error"]["0"] for reply in replies if reply.status_code == 500]
    assert texts == ["Lock wait timeout exceeded; try restarting transaction"]
