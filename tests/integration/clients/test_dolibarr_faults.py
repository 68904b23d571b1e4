"""Whatever a Dolibarr or the network does, the client returns in time and says whether a write may have taken place."""

import json
import socket
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lumira.clients import dolibarr, public_addresses
from lumira.clients.dolibarr import (
    DolibarrAccount,
    DolibarrDuplicate,
    DolibarrRefused,
    DolibarrUnavailable,
    DolibarrUnknownResult,
    RefusalReason,
    ThirdPartyFields,
    transport,
)
from tests.support import private_addresses, slow_server
from tests.support.log_lines import logged
from tests.support.slow_server import SlowServer

pytestmark = pytest.mark.usefixtures("app")

ADA = ThirdPartyFields(name="Ada")


def create(server, lumira_id: str = "cus_1") -> int:
    return dolibarr.create_third_party(server.account, ADA, lumira_id=lumira_id)


@pytest.mark.parametrize("fault", ["timeout_after", "500_empty_after", "502_after"])
def test_after_an_unknown_result_a_look_up_finds_what_was_written(dolibarr_server, fault) -> None:
    dolibarr_server.fail_next(fault, method="POST")

    with pytest.raises(DolibarrUnknownResult):
        create(dolibarr_server)

    found = dolibarr.find_third_party_by_lumira_id(dolibarr_server.account, "cus_1")
    assert found is not None
    with pytest.raises(DolibarrDuplicate) as raised:
        create(dolibarr_server)
    assert raised.value.field == "lumira_id"
    assert len(dolibarr_server.third_parties()) == 1


@pytest.mark.parametrize(
    "fault", ["timeout_before", "500_empty", "502", "503", "500_without_text", "login_page"]
)
def test_after_an_unknown_result_a_look_up_may_find_nothing(dolibarr_server, fault) -> None:
    dolibarr_server.fail_next(fault, method="POST")

    with pytest.raises(DolibarrUnknownResult):
        create(dolibarr_server)

    assert dolibarr.find_third_party_by_lumira_id(dolibarr_server.account, "cus_1") is None
    assert create(dolibarr_server)


@pytest.mark.parametrize("fault", ["deadlock", "lock_wait", "duplicate_number"])
def test_what_the_database_undid_is_unavailable_and_nothing_else(dolibarr_server, fault) -> None:
    dolibarr_server.fail_next(fault, method="POST")
    with pytest.raises(DolibarrUnavailable) as raised:
        create(dolibarr_server)
    assert type(raised.value) is DolibarrUnavailable
    assert dolibarr_server.third_parties() == []


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "500_empty", "502", "503"])
def test_a_failed_read_is_unavailable(dolibarr_server, fault) -> None:
    dolibarr_server.fail_next(fault)
    with pytest.raises(DolibarrUnavailable) as raised:
        dolibarr.get_version(dolibarr_server.account)
    assert type(raised.value) is DolibarrUnavailable


def test_an_id_that_is_cut_off_is_no_id() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12"
    with slow_server.running(lambda _, connection: connection.sendall(reply)) as server:
        account = DolibarrAccount(url=server.url, key="key")
        with pytest.raises(DolibarrUnknownResult):
            dolibarr.create_third_party(account, ADA, lumira_id="cus_1")


def reason_of(call) -> RefusalReason:
    with pytest.raises(DolibarrRefused) as raised:
        call()
    return raised.value.reason


def test_a_login_page_is_no_dolibarr(dolibarr_server) -> None:
    dolibarr_server.fail_next("login_page")
    assert reason_of(lambda: dolibarr.list_orders(dolibarr_server.account)) == "not_dolibarr"


def test_a_redirect_is_not_followed_and_a_404_page_is_no_empty_list(dolibarr_server) -> None:
    dolibarr_server.fail_next("redirect", times=2)
    assert reason_of(lambda: dolibarr.get_version(dolibarr_server.account)) == "redirected"
    assert reason_of(lambda: create(dolibarr_server)) == "redirected"
    elsewhere = replace(dolibarr_server.account, url=f"{dolibarr_server.url}/elsewhere")
    assert reason_of(lambda: dolibarr.list_orders(elsewhere)) == "not_dolibarr"


def test_a_revoked_key_a_module_that_is_off_and_a_server_that_is_down_are_told_apart(dolibarr_server) -> None:
    account = dolibarr_server.account
    dolibarr_server.configure(bad_key_seconds=0, modules_off=["commande"])
    assert reason_of(lambda: dolibarr.list_orders(account)) == "module_off"
    dolibarr_server.change_user(is_open=0)
    assert reason_of(lambda: dolibarr.get_version(account)) == "wrong_key"
    dolibarr_server.configure(down=True)
    with pytest.raises(DolibarrUnavailable):
        dolibarr.get_version(account)


def test_a_port_that_nobody_listens_on_is_unavailable_and_no_unknown_result() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        account = DolibarrAccount(url=f"http://127.0.0.1:{free.getsockname()[1]}", key="key")
        with pytest.raises(DolibarrUnavailable) as raised:
            dolibarr.create_third_party(account, ADA, lumira_id="cus_1")
    assert type(raised.value) is DolibarrUnavailable


def drip(server: SlowServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    server.drip(connection, b" ")


@pytest.mark.parametrize("respond", [slow_server.silence, drip])
def test_a_server_that_never_completes_its_reply_is_left_at_the_deadline(monkeypatch, respond) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", (1.0, 0.3))
    with slow_server.running(respond) as server:
        account = DolibarrAccount(url=server.url, key="key")
        with pytest.raises(DolibarrUnknownResult):
            dolibarr.create_third_party(account, ADA, lumira_id="cus_1")
        with pytest.raises(DolibarrUnavailable):
            dolibarr.get_version(account)


@pytest.mark.parametrize(
    "content",
    [
        b"x" * 9_000_000,
        b"[" * 200_000,
        b"9" * 5_000,
        b"1e999999999",
        b"NaN",
        b'{"success": []}',
        b"null",
        b'"\\u0000"',
    ],
)
def test_a_reply_that_makes_no_sense_is_refused_and_nothing_else(content) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with slow_server.running(lambda _, connection: connection.sendall(reply)) as server:
        account = DolibarrAccount(url=server.url, key="key")
        for call in (
            lambda: dolibarr.get_version(account),
            lambda: dolibarr.find_invoice(account, 1),
            lambda: dolibarr.list_orders(account),
            lambda: dolibarr.create_third_party(account, ADA, lumira_id="cus_1"),
        ):
            with pytest.raises((DolibarrRefused, DolibarrUnavailable)):
                call()


@pytest.mark.parametrize(
    "invoice",
    [
        {"id": "x"},
        {"id": "-1"},
        {"id": True},
        {"total_ttc": "NaN"},
        {"total_ttc": "1e30"},
        {"total_ttc": "9" * 100},
        {"status": "7"},
        {"date": 10**30},
        {"lines": [None]},
        {"lines": "x"},
        {"socid": None},
        {"ref": "x" * 70_000},
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused(invoice) -> None:
    sound = {
        "id": "1",
        "ref": "A",
        "status": "1",
        "type": "0",
        "socid": "1",
        "total_ttc": "1.00000000",
        "lines": [],
    }
    content = json.dumps(sound | invoice).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with slow_server.running(lambda _, connection: connection.sendall(reply)) as server:
        account = DolibarrAccount(url=server.url, key="key")
        assert reason_of(lambda: dolibarr.find_invoice(account, 1)) == "not_dolibarr"


def test_texts_that_a_database_does_not_store_are_read_without_what_it_refuses() -> None:
    third_party = {
        "id": "1",
        "name": "A\0da \ud800",
        "email": ["x"],
        "town": {"a": 1},
        "status": "1",
        "client": 3,
    }
    content = json.dumps(third_party).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with slow_server.running(lambda _, connection: connection.sendall(reply)) as server:
        read = dolibarr.find_third_party(DolibarrAccount(url=server.url, key="key"), 1)
    assert read is not None
    assert (read.fields.name, read.fields.email, read.fields.town) == ("Ada ?", None, None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example.com",
        "erp.example.com",
        "https://",
        "https://user:word@erp.example.com",
        "https://erp.example.com/?a=1",
        "https://erp.example.com/#a",
        "https://erp.example.com/any/path?",
        "https://erp.example.com/any/path#",
        "https://erp.example.com:25",
        "https://erp.example.com:99999",
        "https://erp.example.com/\r\nDOLAPIKEY: x",
        "http://erp.example.com",
        "https://[::1",
        "",
        "https://erp.example.com/" + "x" * 500,
    ],
)
def test_a_url_that_no_dolibarr_has_is_refused_before_anything_is_sent(url) -> None:
    assert reason_of(lambda: dolibarr.check_url(url)) == "bad_url"
    assert reason_of(lambda: dolibarr.get_version(DolibarrAccount(url=url, key="key"))) == "bad_url"


@pytest.mark.parametrize(
    "url", ["https://erp.example.com", "https://erp.example.com:8443/dolibarr/htdocs", "http://127.0.0.1:25"]
)
def test_a_url_that_a_dolibarr_has_is_accepted_and_any_port_of_a_host_that_the_installation_names(
    url,
) -> None:
    dolibarr.check_url(url)


def test_plain_http_is_accepted_in_development() -> None:
    with private_addresses.allowed():
        dolibarr.check_url("http://erp.localhost:8080")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "169.254.169.254", "10.0.0.1", "[::1]"])
def test_a_private_address_is_not_called_unless_the_installation_names_the_host(host) -> None:
    assert not public_addresses.allows_private()
    account = DolibarrAccount(url=f"https://{host}", key="key")
    assert reason_of(lambda: dolibarr.get_version(account)) == "private_address"


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: y", "é", "x" * 201])
def test_a_key_that_no_header_carries_is_refused(dolibarr_server, key) -> None:
    assert reason_of(lambda: dolibarr.get_version(replace(dolibarr_server.account, key=key))) == "wrong_key"


def test_the_key_stands_in_no_log_no_error_and_no_representation(dolibarr_server, capsys) -> None:
    account = replace(dolibarr_server.account, key="a-very-secret-key")
    dolibarr_server.configure(bad_key_seconds=0)
    with pytest.raises(DolibarrRefused) as raised:
        dolibarr.get_version(account)
    [line] = logged(capsys, "dolibarr_call_failed")
    assert "a-very-secret-key" not in f"{line} {raised.value!r} {account!r}"


@pytest.mark.parametrize("bad", ["x'", "a b", "cus_1') or (t.rowid:>:0", "", "x" * 65, "é"])
def test_only_our_ids_are_searched_for(dolibarr_server, bad) -> None:
    with pytest.raises(ValueError, match="id"):
        dolibarr.find_third_party_by_lumira_id(dolibarr_server.account, bad)


@pytest.mark.parametrize(
    "email", ["a(b)@example.com", "a'b@example.com", '"a"@example.com', "a%@example.com", "a b@c"]
)
def test_an_address_that_would_change_the_search_is_not_searched_for(dolibarr_server, email) -> None:
    create(dolibarr_server)
    assert dolibarr.find_third_parties_by_email(dolibarr_server.account, email) == []
    assert dolibarr_server.calls("GET") == []


def test_two_records_with_one_id_of_ours_are_noticed(dolibarr_server) -> None:
    dolibarr_server.staff(
        "POST", "/setup/extrafields/product/x", label="x", type="varchar", elementtype="product"
    )
    # As if the extra field were not unique.
    dolibarr_server._control("extrafields", name="lumira_id", unique=0)
    for _ in range(2):
        create(dolibarr_server)
    account = dolibarr_server.account
    assert reason_of(lambda: dolibarr.find_third_party_by_lumira_id(account, "cus_1")) == "not_unique"


def test_four_creates_at_once_make_one_third_party(dolibarr_server) -> None:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(create(dolibarr_server))
        except (DolibarrDuplicate, DolibarrUnavailable) as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([each for each in results if isinstance(each, int)]) == 1
    assert len(dolibarr_server.third_parties()) == 1


def test_a_payment_above_the_remainder_is_refused_as_overpaid(dolibarr_server) -> None:
    account = dolibarr_server.account
    line = dolibarr.NewLine("Course", 1, Decimal("10"), Decimal("0"))
    invoice_id = dolibarr.create_invoice(
        account,
        third_party_id=create(dolibarr_server),
        lumira_id="inv_1",
        day=date(2026, 11, 20),
        lines=[line],
    )
    dolibarr.validate_invoice(account, invoice_id)
    assert (
        reason_of(
            lambda: dolibarr.pay_invoice(
                account,
                invoice_id=invoice_id,
                amount=1001,
                paid_at=datetime.now(UTC),
                lumira_id="pay_1",
                payment_type_id=6,
                bank_account_id=1,
            )
        )
        == "overpaid"
    )
