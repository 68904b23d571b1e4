"""The mail server of an installation, as `SMTP_URL` names it."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Security = Literal["tls", "starttls", "never"]

#: The ports of message submission (RFC 8314, section 3.3).
_PORTS = {"smtp": 587, "smtps": 465}
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where messages are handed over. Neither user nor password shows in its `repr`."""

    host: str
    port: int
    security: Security
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read smtp://user:password@host:587 or smtps://…:465; `ValueError` says what is wrong, without secrets."""
        parts = _split(url)
        user, password = _unquoted(parts.username, "user"), _unquoted(parts.password, "password")
        if (user is None) != (password is None):
            raise ValueError("needs both a user and a password, or neither (as in user:password@host)")
        host, port = _host(parts), _port(parts)
        security = _security(parts)
        if security == "never" and user is not None and not _is_this_machine(host):
            raise ValueError("would send the password in clear: starttls=never goes without a user")
        return cls(host, port, security, user, password)


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("holds a space, a line break or a letter that is not ASCII: percent-encode it")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with smtp:// or smtps://")
    if "#" in url or parts.path not in ("", "/") or parts.netloc.count("@") > 1:
        raise ValueError("must be smtp://user:password@host:port; percent-encode / ? # and @ in the password")
    return parts


def _unquoted(text: str | None, what: str) -> str | None:
    if text is None:
        return None
    if _BAD_ESCAPE.search(text):
        raise ValueError(f"has a % in its {what} that encodes nothing: write %25")
    plain = unquote(text)
    # The replies to a server's challenge are ASCII, and NUL stands between them.
    if not plain or not plain.isascii() or not plain.isprintable():
        raise ValueError(f"has an empty {what}, or one that is not printable ASCII")
    return plain


def _host(parts: SplitResult) -> str:
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise ValueError("names no host")
    return parts.hostname


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("has a port that is no number between 1 and 65535")
    return port or _PORTS[parts.scheme]


def _security(parts: SplitResult) -> Security:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if not parts.query:
        return "tls" if parts.scheme == "smtps" else "starttls"
    match options:
        case [("starttls", "always")] if parts.scheme == "smtp":
            return "starttls"
        case [("starttls", "never")] if parts.scheme == "smtp":
            return "never"
        case _:
            raise ValueError("takes one option, starttls=always or starttls=never, and with smtp:// only")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
