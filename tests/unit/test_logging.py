"""The log has one line per event, without secrets and e-mail addresses."""

import json
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from lumira import logging as lumira_logging
from lumira.logging import redact, redact_text

SETTINGS = Settings(
    environment="production",
    database_url="postgresql+psycopg://u:pw@h/d",
    database_owner_url="postgresql+psycopg://u:pw@h/d",
    secret_key="not for logs",
    encryption_keys=(),
)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the lines logged so far, parsed from JSON; the logging configuration is restored afterwards."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    configured = structlog.get_config() if structlog.is_configured() else None
    lumira_logging.configure(SETTINGS)
    structlog.contextvars.clear_contextvars()
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.contextvars.clear_contextvars()
    if configured is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**configured)
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("sk_live_51AbCdEfGhIjKl", "sk_live_[redacted]"),
        ("rk_test_51AbCdEfGhIjKl", "rk_test_[redacted]"),
        ("whsec_abcDEF0123+/=", "whsec_[redacted]"),
        ("lum_sk_0123456789abcdefAAAA-bbbb_cccc", "lum_sk_[redacted]"),
        ("lum_pk_0123456789abcdefAAAA-bbbb_cccc", "lum_pk_[redacted]"),
        ("pi_3Nabc_secret_XyZ123", "pi_3Nabc_secret_[redacted]"),
        (
            "postgresql://lumira:hunter2@db.internal/lumira",
            "postgresql://lumira:[redacted]@db.internal/lumira",
        ),
        ("redis://:hunter2@cache:6379/0", "redis://:[redacted]@cache:6379/0"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer [redacted]"),
        ("/dashboard/-/set-up/WyJpIiwxXQ.s1g-n_d", "/dashboard/-/set-up/[redacted]"),
        ("/dashboard/-/accept/WyJpIiwxXQ.s1g-n_d?x=1", "/dashboard/-/accept/[redacted]?x=1"),
        ("?next=%2Fdashboard%2F-%2Faccept%2FWyJpIiwxXQ.s1g", "?next=%2Fdashboard%2F-%2Faccept%2F[redacted]"),
        ("jane.doe+shop@example.com", "j***@example.com"),
        ("to <é.dupont@mail.exemple.fr>, done", "to <é***@mail.exemple.fr>, done"),
    ],
)
def test_a_secret_in_a_text_is_redacted(secret: str, shown: str) -> None:
    assert redact_text(secret) == shown
    assert redact_text(f"text: {secret}") == f"text: {shown}"


def test_a_text_without_secrets_is_unchanged() -> None:
    text = "order LUM-7Q2MZX41KD paid by pi_3Nabc at 12:30:05 (ch_1), task_kind risk_level /dashboard/shop/set-up/check"
    assert redact_text(text) == text


@given(
    key=st.from_regex(r"(sk_live|rk_test|whsec|lum_sk|lum_pk)_[a-zA-Z0-9]{24,60}", fullmatch=True),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_a_key_is_redacted_whatever_surrounds_it(key: str, before: str, after: str) -> None:
    assert key not in redact_text(f"{before} {key} {after}")


def test_nested_values_are_redacted_and_named_secrets_dropped() -> None:
    event = redact(
        None,
        "info",
        {
            "event": "x",
            "call": {"Authorization": "anything", "to": ["a.b@example.com", b"sk_test_12345678"]},
            "client_secret": "whatever",
            "failure": ValueError("sk_live_12345678"),
            "amount": 1400,
        },
    )
    assert event == {
        "event": "x",
        "call": {"Authorization": "[redacted]", "to": ["a***@example.com", "sk_test_[redacted]"]},
        "client_secret": "[redacted]",
        "failure": "sk_live_[redacted]",
        "amount": 1400,
    }


def test_an_endless_structure_is_cut() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert "too deep" in str(redact(None, "info", {"event": "x", "data": endless}))


def test_a_line_is_json_with_time_level_and_context(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1", tenant="oracle-lumira")
    structlog.get_logger().info("order_settled", status="completed")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"], line["request_id"], line["tenant"]) == (
        "order_settled",
        "info",
        __name__,
        "r-1",
        "oracle-lumira",
    )
    assert line["timestamp"].endswith("Z")


def test_the_text_of_an_exception_is_redacted_and_its_traceback_logged(lines: Any) -> None:
    def fail() -> None:
        raise RuntimeError("refused: whsec_abcdefgh for bob@example.com")

    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("it_failed")
        logging.getLogger("procrastinate.worker").exception("job failed for %s", "bob@example.com")
    ours, theirs = lines()
    for line in (ours, theirs):
        assert "Traceback" in line["exception"]
        assert "whsec_[redacted] for b***@example.com" in line["exception"]
    assert theirs["event"] == "job failed for b***@example.com"


def test_standard_loggers_and_warnings_are_logged(lines: Any) -> None:
    logging.getLogger("gunicorn.error").info("Listening on %s", "unix:/run/x")
    logging.getLogger("werkzeug").info('"GET /api/access?customerEmail=x HTTP/1.1" 200 -')
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("odd: sk_live_12345678", UserWarning, stacklevel=1)
    gunicorn, warning = lines()
    assert gunicorn["logger"] == "gunicorn.error"
    assert "sk_live_[redacted]" in warning["event"]


def test_the_level_of_the_standard_loggers_applies_to_our_lines(lines: Any) -> None:
    log = structlog.get_logger()
    log.info("logged")
    logging.getLogger().setLevel(logging.WARNING)
    log.info("not_logged")
    log.warning("logged_again")
    assert [line["event"] for line in lines()] == ["logged", "logged_again"]


def test_an_event_that_cannot_be_rendered_is_reported_and_raises_nothing(lines: Any) -> None:
    class Unrenderable:
        def __str__(self) -> str:
            raise ValueError("not renderable")

    structlog.get_logger().info("it_happened", what=Unrenderable())
    (line,) = lines()
    assert (line["event"], line["level"]) == ("line_lost", "error")
    assert "not renderable" in line["exception"]


@pytest.mark.parametrize(
    "text", ["bearer abcdefgh", "BEARER abcdefgh", "DETAIL:  Key (email)=(jane)", "CONTEXT: jane"]
)
def test_every_kind_of_secret_is_found(text: str) -> None:
    assert redact_text(text) != text


def test_lines_of_several_threads_do_not_mix(lines: Any) -> None:
    log = structlog.get_logger()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: log.info("counted", number=number, text="x" * 20_000), range(80)))
    assert sorted(line["number"] for line in lines()) == list(range(80))


def test_configuring_twice_logs_once(lines: Any) -> None:
    lumira_logging.configure(replace(SETTINGS, environment="development"))
    structlog.get_logger().info("once")
    assert len(lines()) == 1


def test_a_terminal_shows_readable_text(lines: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    lumira_logging.configure(replace(SETTINGS, environment="development"))
    structlog.get_logger().error("it_failed", exc_info=RuntimeError("sk_live_12345678"))
    text = capsys.readouterr().err
    assert "it_failed" in text
    assert "sk_live_[redacted]" in text
    assert "12345678" not in text
