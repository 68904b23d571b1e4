"""An unexpected error is reported by its kind, with the calls that led to it and without any value."""

import smtplib
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lumira.domain.days import begin_of
from lumira.error_reports import id_of, is_expected
from lumira.errors import LumiraError, NotFound
from lumira.errors.stripe import StripeUnavailable
from lumira.formats import parse_uuid
from tests.support.program_errors import reported


def of_queue(cause: Exception) -> Exception:
    """The error that the job queue raises from one of the database's driver."""
    error = ConnectorException("Database error.")
    error.__cause__ = cause
    return error


def raised(failing: Callable[..., Any], *arguments: Any) -> Exception:
    try:
        failing(*arguments)
    except Exception as error:  # noqa: BLE001 - any error is reported
        return error
    pytest.fail("Nothing was raised.")


def look_up(prices: dict[str, int], name: str) -> int:
    return prices[name] + prices["delivery"]


def test_errors_of_one_function_are_one_kind_whatever_the_values_and_the_caller():
    first = raised(parse_uuid, 1)
    second = raised(lambda: parse_uuid(["Jeanne Martin"]))
    assert str(first) != str(second)
    assert id_of(first) == id_of(second)


def test_errors_of_other_functions_and_other_classes_are_other_kinds():
    kinds = {id_of(raised(parse_uuid, 1)), id_of(raised(begin_of, 1, 2)), id_of(raised(look_up, {}, "x"))}
    assert len(kinds) == 3
    assert id_of(raised(look_up, None, "x")) not in kinds


def test_two_lines_of_one_function_are_two_kinds():
    def fail(at: int) -> None:
        if at == 1:
            raise ValueError("one")
        raise ValueError("two")

    assert id_of(raised(fail, 1)) != id_of(raised(fail, 2))


def test_the_traceback_has_files_functions_and_lines_and_no_value():
    def open_order(name: str) -> None:
        try:
            look_up({"cap": 1900}, name)
        except KeyError as error:
            raise RuntimeError(f"No price for {name!r}.") from error

    report = reported(open_order, "Jeanne Martin")
    assert 'File "tests/unit/test_error_reports.py", line ' in report.traceback
    assert "in look_up" in report.traceback
    assert report.traceback.index("\nKeyError") < report.traceback.index("\nRuntimeError")
    assert "Martin" not in report.traceback
    assert "1900" not in report.traceback.replace('look_up({"cap": 1900}, name)', "")


@pytest.mark.parametrize(
    ("failing", "message"),
    [
        (lambda: look_up({}, "Jeanne Martin"), "'…'"),
        (lambda: look_up({"cap": 1}, "cap"), "'delivery'"),
        (lambda: int("Jeanne Martin"), "invalid literal for int() with base 10: '…'"),
        (lambda: None.amount, "'NoneType' object has no attribute 'amount'"),
    ],
)
def test_a_quoted_text_stays_only_if_the_program_contains_it(failing: Callable[[], Any], message: str):
    assert reported(failing).message == message


@pytest.mark.parametrize(
    "planted",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "sk_live_51AbCdEfGhIjKl",
        "jeanne@example.com",
        "+33612345678",
    ],
)
def test_no_secret_address_or_long_number_stays_in_a_message(planted: str):
    def fail() -> None:
        raise ValueError("refused: " + planted)

    report = reported(fail)
    assert planted not in report.message
    assert report.message.startswith("refused: ")


def test_an_endless_recursion_and_a_long_message_have_a_bound():
    def recurse(depth: int) -> int:
        return recurse(depth + 1) + 1

    def shout() -> None:
        raise ValueError("a" * 100_000)

    assert len(reported(recurse, 0).traceback) <= 20_000
    assert len(reported(shout).message) <= 500


def test_an_exception_without_a_text_or_with_text_that_cannot_be_stored_is_reported():
    class Broken(Exception):
        def __str__(self) -> str:
            raise ValueError

    def fail(error: Exception) -> None:
        raise error

    assert reported(fail, Broken()).message == ""
    assert reported(fail, ValueError("a\x00b\ud800")).message == "a�b?"


@pytest.mark.parametrize(
    "error",
    [
        NotFound("There is no such order."),
        StripeUnavailable("No response."),
        OperationalError(None, None, psycopg.OperationalError("server closed the connection")),
        PoolTimeout("QueuePool limit reached"),
        psycopg.OperationalError("the database system is shutting down"),
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        of_queue(psycopg.errors.AdminShutdown("terminating connection due to administrator command")),
        of_queue(psycopg.errors.RaiseException('Job was not found or not in "doing" or "todo" status')),
        ConnectionResetError(104, "Connection reset by peer"),
        IntegrityError(None, None, psycopg.Error("lost"), connection_invalidated=True),
    ],
)
def test_a_refusal_and_something_that_does_not_respond_are_expected(error: Exception):
    assert is_expected(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("id"),
        LumiraError("An internal error."),
        IntegrityError(None, None, psycopg.errors.UniqueViolation("duplicate key")),
        of_queue(psycopg.errors.UndefinedColumn("column does not exist")),
        FileNotFoundError(2, "No such file"),
    ],
)
def test_an_error_that_a_change_of_the_code_mends_is_not_expected(error: Exception):
    assert not is_expected(error)
