"""The mail server of an installation, read from `SMTP_URL`."""

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
    """The server that accepts e-mails. The `repr` shows neither user nor password."""

    host: str
    port: int
    security: Security
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Parse smtp://user:password@host:587 or smtps://…:465.

        Raise `ValueError` with what is wrong and no secret.
        """
        parts = _split(url)
        user, password = _unquoted(parts.username, "user"), _unquoted(parts.password, "password")
        if (user is None) != (password is None):
            raise ValueError("needs both a user and a password, or neither (as in user:password@host)")
        host, port = _host(parts), _port(parts)
        security = _security(parts)
        if security == "never" and user is not None and not _is_this_machine(host):
            raise ValueError(
                "would send the password unencrypted: starttls=never is for this machine or for no user"
            )
        return cls(host, port, security, user, password)


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("contains a space, a line break or a character that is not ASCII: percent-encode it")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with smtp:// or smtps://, or be `files`, which writes messages to files")
    if "#" in url or parts.path not in ("", "/") or parts.netloc.count("@") > 1:
        raise ValueError("must be smtp://user:password@host:port; percent-encode / ? # and @ in the password")
    return parts


def _unquoted(text: str | None, what: str) -> str | None:
    if text is None:
        return None
    if _BAD_ESCAPE.search(text):
        raise ValueError(f"has an invalid percent-encoding in its {what}: write %25 for %")
    plain = unquote(text)
    # SMTP authentication (RFC 4616) separates the ASCII strings by NUL.
    if not plain or not plain.isascii() or not plain.isprintable():
        raise ValueError(f"has an empty {what}, or one that is not printable ASCII")
    return plain


def _host(parts: SplitResult) -> str:
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise ValueError("has no host")
    return parts.hostname


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("has a port that is not a number between 1 and 65535")
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
            raise ValueError("accepts one option, starttls=always or starttls=never, with smtp:// only")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
