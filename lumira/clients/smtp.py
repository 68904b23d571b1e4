"""Sending e-mail by SMTP, over connections that are kept for the next message."""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from threading import Timer
from typing import Protocol

import structlog

from lumira.clients.smtp_connections import KeptConnections
from lumira.database import refuse_inside_transaction

#: Seconds that sending a message takes at most, however slow the server is. Shorter than the lease of a message:
#: otherwise another worker would send the message at the same time.
SEND_TIMEOUT = 18.0
#: Seconds for all IP addresses of the server together, and for each of its replies.
CONNECT_TIMEOUT = 6.0
REPLY_TIMEOUT = 12.0
#: Seconds for finding a kept connection that still works: most of the time is left for a new one.
CHECK_TIMEOUT = 2.0
#: Permanent refusals of a recipient (RFC 5321, section 4.2.3; RFC 7504), unless the enhanced status code is about
#: policy (RFC 3463, section 3.8): the sender's reputation or configuration can be corrected.
_PERMANENT = frozenset((501, 550, 551, 553, 556))
_POLICY = b"5.7."
#: The address does not exist or its mailbox is closed: permanent also in reply to the message's data.
_NO_SUCH_ADDRESS = (b"5.1.", b"5.2.1")

log = structlog.get_logger()

_kept = KeptConnections()


class Server(Protocol):
    """A mail server and how to connect to it; `security` is `tls`, `starttls` or `never`."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def security(self) -> str: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...


class RecipientRefused(Exception):
    """The server permanently refuses this recipient; the message quotes its reply."""


class SenderRefused(Exception):
    """The server does not accept the sender; the message quotes its reply."""


class _Deadline:
    """The time by which a message must be sent."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the remaining seconds. Raises `TimeoutError` if there are none."""
        remaining = self._at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The mail server was too slow.")
        return remaining

    @contextlib.contextmanager
    def enforced(self, smtp: smtplib.SMTP) -> Iterator[None]:
        """Shut the connection down at the deadline.

        A server that sends single bytes slowly never reaches the timeout of a reply.
        """
        timer = Timer(self.remaining(), _shut_down, [smtp])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shut_down(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError):
        if smtp.sock is not None:
            # Shuts down the TCP socket beneath TLS, without a TLS closing handshake.
            socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)


class _Smtp(smtplib.SMTP):
    """smtplib's client over an existing socket."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        address = str(connection.getsockname()[0])
        # An address literal (RFC 5321, section 4.1.3): looking up our own host name may take unlimited time.
        super().__init__(local_hostname=f"[IPv6:{address}]" if ":" in address else f"[{address}]")
        # The host name that the server's certificate is verified against.
        self._host = host

    def _get_socket(self, *_: object) -> socket.socket:
        return self._connection


def send(server: Server, message: EmailMessage, *, sender: str, recipient: str) -> None:
    """Send one message; returns once the server has accepted it.

    Raises `RecipientRefused` for a permanent refusal. Any other failure (`OSError`, which includes smtplib's
    errors) may be temporary.
    """
    refuse_inside_transaction()
    deadline = _Deadline(SEND_TIMEOUT)
    connection, messages = _take(server, deadline)
    try:
        with deadline.enforced(connection):
            # After the deadline the message must not be sent: another worker may be sending it.
            deadline.remaining()
            _transmit(connection, message, sender=sender, recipient=recipient)
    except RecipientRefused:
        _keep(server, connection, messages=messages + 1)
        raise
    except BaseException:
        connection.close()
        raise
    _keep(server, connection, messages=messages + 1)


def check(server: Server, *, sender: str) -> None:
    """Connect, log in and begin a message from `sender` to itself, which is not sent.

    Raises `SenderRefused`, `RecipientRefused` if only the recipient is, and `OSError`, which includes smtplib's errors.
    """
    refuse_inside_transaction()
    deadline = _Deadline(SEND_TIMEOUT)
    connection = _open(server, deadline)
    try:
        with deadline.enforced(connection):
            _begin_message(connection, sender)
            with contextlib.suppress(OSError):
                connection.quit()
    finally:
        connection.close()


def _begin_message(smtp: smtplib.SMTP, sender: str) -> None:
    code, reply = smtp.mail(sender)
    if code != 250:  # noqa: PLR2004 - the code of "completed" (RFC 5321, section 4.2.2)
        raise SenderRefused(_quoted(code, reply))
    code, reply = smtp.rcpt(sender)
    smtp.rset()
    if code not in (250, 251):  # the second one: accepted, and forwarded
        raise _recipient_refused(code, reply)


def close_connections() -> None:
    """Close the connections that are kept for the next message."""
    _kept.close()


def _keep(server: Server, connection: smtplib.SMTP, *, messages: int) -> None:
    try:
        _kept.keep(server, connection, messages=messages)
    except Exception:
        # The server has accepted or refused the message: an error here would send it again.
        log.warning("smtp_connection_not_kept", exc_info=True)
        connection.close()


def _take(server: Server, deadline: _Deadline) -> tuple[smtplib.SMTP, int]:
    """Return a connection that is ready for a message, and how many it was used for."""
    checking = _Deadline(CHECK_TIMEOUT)
    while (kept := _kept.take(server)) is not None:
        connection, messages = kept
        if _is_ready(connection, checking, deadline):
            return connection, messages
        connection.close()
    return _open(server, deadline), 0


def _is_ready(connection: smtplib.SMTP, checking: _Deadline, deadline: _Deadline) -> bool:
    """Whether a kept connection can still be used.

    Found out before the message is sent: a connection that is lost later may have delivered it.
    """
    if connection.sock is None:
        return False
    try:
        with checking.enforced(connection):
            connection.sock.settimeout(checking.remaining())
            code, _ = connection.rset()
            connection.sock.settimeout(min(REPLY_TIMEOUT, deadline.remaining()))
    except (OSError, ValueError):
        return False
    return code == 250  # noqa: PLR2004 - the code of "completed" (RFC 5321, section 4.2.2)


def _open(server: Server, deadline: _Deadline) -> smtplib.SMTP:
    connection = _Smtp(_connect(server, deadline), server.host)
    try:
        with deadline.enforced(connection):
            _log_in(connection, server)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(server: Server, deadline: _Deadline) -> socket.socket:
    addresses = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    timeout = min(CONNECT_TIMEOUT, deadline.remaining()) / len(addresses)
    connection = socket.create_connection((server.host, server.port), timeout=timeout)
    connection.settimeout(min(REPLY_TIMEOUT, deadline.remaining()))
    if server.security != "tls":
        return connection
    return ssl.create_default_context().wrap_socket(connection, server_hostname=server.host)


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    code, greeting = smtp.connect(server.host, server.port)
    if code != 220:  # noqa: PLR2004 - the code of "ready" (RFC 5321, section 4.2.2)
        raise smtplib.SMTPConnectError(code, greeting)
    if server.security == "starttls":
        smtp.starttls(context=ssl.create_default_context())
    if server.user is not None and server.password is not None:
        smtp.login(server.user, server.password)
    smtp.ehlo_or_helo_if_needed()


def _transmit(smtp: smtplib.SMTP, message: EmailMessage, *, sender: str, recipient: str) -> None:
    if not recipient.isascii() and not smtp.has_extn("smtputf8"):
        raise RecipientRefused(
            "The mail server does not support non-ASCII characters before the @ of an address."
        )
    try:
        smtp.send_message(message, from_addr=sender, to_addrs=[recipient])
    except smtplib.SMTPRecipientsRefused as error:
        [(code, reply)] = error.recipients.values()
        if code in _PERMANENT and not reply.startswith(_POLICY):
            raise _recipient_refused(code, reply) from error
        raise
    except smtplib.SMTPDataError as error:
        code, reply = error.smtp_code, _as_bytes(error.smtp_error)
        if code in _PERMANENT and reply.startswith(_NO_SUCH_ADDRESS):
            raise _recipient_refused(code, reply) from error
        raise


def _recipient_refused(code: int, reply: bytes) -> RecipientRefused:
    return RecipientRefused(_quoted(code, reply))


def _quoted(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('utf-8', 'replace')}"


def _as_bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode()
