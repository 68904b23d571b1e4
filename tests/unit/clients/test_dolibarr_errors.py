"""Recorded replies of Dolibarr, and the error that each one is."""

import json

import pytest

from lumira.clients.bounded_http import Reply
from lumira.clients.dolibarr import (
    DolibarrDuplicate,
    DolibarrRefused,
    DolibarrUnavailable,
    DolibarrUnknownResult,
    RefusalReason,
)
from lumira.clients.dolibarr.reply_errors import error_of

KEY = "0123456789abcdef"


def reply(status: int, message: str | None = None, *details: str, html: str | None = None) -> Reply:
    if html is not None:
        return Reply(status, "text/html", html.encode())
    error = {"code": status, "message": message, **{str(n): detail for n, detail in enumerate(details)}}
    return Reply(status, "application/json", json.dumps({"error": error}).encode())


def error(received: Reply, method: str = "POST"):
    return error_of(received, is_write=method != "GET", method=method, key=KEY)


REFUSED = [
    (reply(400, "Bad Request: name field missing"), "missing_field"),
    (reply(400, "Bad Request: socid field missing"), "missing_field"),
    (reply(400, "Bad Request: Syntax error"), "other"),
    (reply(401, "Unauthorized: Error user not valid"), "wrong_key"),
    (reply(401, "Unauthorized: Access not allowed for login lumira"), "missing_right"),
    (reply(403, "Forbidden: Access not allowed for login lumira"), "missing_right"),
    (reply(403, "Forbidden"), "missing_right"),
    (reply(404, "Not Found: Order not found"), "not_found"),
    (reply(409, "Conflict: Can't delete, that product is probably used"), "in_use"),
    (reply(501, html="API not found (failed to include API file)"), "module_off"),
    (
        reply(503, "Service Unavailable: Unknown column 'ef.lumira_id' in 'where clause'"),
        "unknown_extra_field",
    ),
    (reply(503, "Service Unavailable: Error : Unknown column 't.bogus' in 'where clause'"), "bad_field"),
    (
        reply(
            500, "Internal Server Error: Error creating thirdparty", "Data too long for column 'nom' at row 1"
        ),
        "too_long",
    ),
    (
        reply(500, "Internal Server Error: Error creating thirdparty", "ErrorBadCustomerCodeSyntax"),
        "bad_field",
    ),
    (
        reply(
            500, "Internal Server Error: Error", "Email a@x.com is already assigned to another third party"
        ),
        "email_taken",
    ),
    (
        reply(400, "Bad Request: Payment amount on invoice ID 5 (20) is higher than remain to pay (0)"),
        "overpaid",
    ),
    (reply(500, "Internal Server Error: Error", "ErrorObjectMustHaveLinesToBeValidated"), "other"),
    (reply(404, html="<h1>404 Not Found</h1>"), "not_dolibarr"),
    (reply(403, html="<h1>403 Forbidden</h1>"), "not_dolibarr"),
    (reply(401, html="<h1>401 Unauthorized</h1>"), "wrong_key"),
    (Reply(404, "application/json", b'{"message": "no route"}'), "not_dolibarr"),
    (Reply(404, "application/json", b'{"error": ["x"]}'), "not_dolibarr"),
    (Reply(400, "application/json", b"[" * 100_000), "not_dolibarr"),
]


@pytest.mark.parametrize(("received", "reason"), REFUSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_dolibarr_refuses_for_good_has_a_stable_reason(received, reason, method) -> None:
    refused = error(received, method)
    assert type(refused) is DolibarrRefused
    assert refused.reason is RefusalReason(reason)


BUSY = [
    reply(
        400, "Bad Request: Payment error : Deadlock found when trying to get lock; try restarting transaction"
    ),
    reply(500, "Internal Server Error: Error", "Deadlock found when trying to get lock"),
    reply(500, "Internal Server Error: Error", "Lock wait timeout exceeded; try restarting transaction"),
    reply(500, "Internal Server Error: Error creating thirdparty", "Duplicate value in a unique field"),
    reply(500, "Internal Server Error: Error", "Duplicate entry 'x-1' for key 'uk_ecm_files'"),
    reply(500, "Internal Server Error: Error", "Duplicate entry 'SO2611-0001' for key 'uk_commande_ref'"),
    reply(500, "Internal Server Error: Error", "Too many connections"),
    reply(429, "Too Many Requests"),
    reply(429, html="slow down"),
]


@pytest.mark.parametrize(
    "received", [each for each in BUSY if not (each.status == 429 and b"slow" in each.content)]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_what_the_database_undid_may_be_done_again(received, method) -> None:
    assert type(error(received, method)) is DolibarrUnavailable


UNKNOWN = [
    reply(500, html=""),
    reply(502, html="<h1>502 Bad Gateway</h1>"),
    reply(503, html="<h1>503 Service Unavailable</h1>"),
    reply(504, html="<h1>504 Gateway Time-out</h1>"),
    reply(504, "Gateway Timeout"),
    reply(503, "Service Unavailable"),
    reply(500, "Internal Server Error"),
]


@pytest.mark.parametrize("received", UNKNOWN)
def test_a_write_that_ended_in_the_middle_has_an_unknown_result_and_a_read_only_failed(received) -> None:
    assert type(error(received, "POST")) is DolibarrUnknownResult
    assert type(error(received, "GET")) is DolibarrUnavailable


def test_a_change_without_a_text_is_blocked_by_a_rule() -> None:
    refused = error(reply(500, "Internal Server Error"), "PUT")
    assert isinstance(refused, DolibarrRefused)
    assert refused.reason is RefusalReason.BLOCKED


@pytest.mark.parametrize(
    ("received", "field"),
    [
        (
            reply(
                500,
                "Internal Server Error: E",
                "Duplicate entry 'o' for key 'uk_commande_extrafields_lumira_id'",
            ),
            "lumira_id",
        ),
        (
            reply(
                500,
                "Internal Server Error: E",
                "Duplicate entry 'o' for key 'llx_societe_extrafields.uk_societe_extrafields_lumira_id'",
            ),
            "lumira_id",
        ),
        (reply(500, "Internal Server Error: E", "ErrorProductAlreadyExists: SKU"), ""),
        (reply(500, "Internal Server Error: E", "ErrorCategoryAlreadyExists"), ""),
    ],
)
def test_a_duplicate_names_the_extra_field(received, field) -> None:
    duplicate = error(received)
    assert isinstance(duplicate, DolibarrDuplicate)
    assert duplicate.field == field


def test_the_message_is_dolibarrs_own_text_without_key_markup_addresses_and_cards() -> None:
    text = f"<b>Field</b>\n{KEY} of ada@example.com, 4242 4242 4242 4242\0 {'x' * 1000}"
    shown = str(error(reply(500, "Internal Server Error: Error", text)))
    assert shown.startswith("Internal Server Error: Error: Field … of …")
    assert KEY not in shown
    assert "@" not in shown
    assert "4242 4242" not in shown
    assert "<" not in shown
    assert len(shown) == 300


def test_the_message_can_be_stored_whatever_dolibarr_sends() -> None:
    shown = str(error(reply(500, "Internal Server Error: Error", "a\0b\ud800c")))
    assert shown.endswith("ab?c")


def test_an_error_of_unusual_values_is_read_all_the_same() -> None:
    odd = Reply(
        500,
        "application/json",
        json.dumps({"error": {"message": "A: b", "0": {"x": [1]}, "1": None}}).encode(),
    )
    assert isinstance(error(odd), DolibarrRefused)
