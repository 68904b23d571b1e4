"""Mail handed over to a server by SMTP, one connection a message."""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from threading import Timer
from typing import Protocol

from lumira.database import refuse_inside_transaction

#: Seconds that a sending takes at most, however slowly the server speaks. Shorter than the lease of a message:
#: otherwise another worker would begin to send what this one still does.
SEND_WITHIN = 18.0
#: Seconds for all addresses of the server together, and for each of its answers.
CONNECT_WITHIN = 6.0
ANSWER_WITHIN = 12.0
#: Replies that a recipient will get again (RFC 5321, section 4.2.3; RFC 7504), unless their enhanced status says
#: that they are about our own standing with the server (RFC 3463, section 3.8): that can be mended.
_NEVER = frozenset((501, 550, 551, 553, 556))
_POLICY = b"5.7."
#: The address itself is wrong, or its mailbox is closed: so also where only the whole message is refused.
_NO_SUCH_ADDRESS = (b"5.1.", b"5.2.1")


class Server(Protocol):
    """Where to hand messages over, and how."""

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
    """The server will never take mail for this address; the message quotes its reply."""


class _Deadline:
    """The end of one sending."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; `TimeoutError` if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("The mail server was too slow.")
        return left

    @contextlib.contextmanager
    def ends(self, smtp: smtplib.SMTP) -> Iterator[None]:
        """Hang up when the time is over, and in any case at the end.

        A server that sends a byte now and then never meets the timeout of a single answer.
        """
        timer = Timer(self.left(), _hang_up, [smtp])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            smtp.close()


def _hang_up(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError):
        if smtp.sock is not None:
            # Of the socket beneath TLS: nothing is said any more.
            socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)


class _Smtp(smtplib.SMTP):
    """smtplib's client over a socket of ours."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        address = str(connection.getsockname()[0])
        # By its address (RFC 5321, section 4.1.3): asking a name server for our own name takes unlimited time.
        super().__init__(local_hostname=f"[IPv6:{address}]" if ":" in address else f"[{address}]")
        # The name that a certificate is checked against.
        self._host = host

    def _get_socket(self, *_: object) -> socket.socket:
        return self._connection


def send(server: Server, message: EmailMessage, *, sender: str, recipient: str) -> None:
    """Hand one message over; returns once the server has taken it.

    `RecipientRefused` if it never will; any other failure (`OSError`, of which smtplib's errors are) may pass.
    """
    refuse_inside_transaction()
    deadline = _Deadline(SEND_WITHIN)
    smtp = _Smtp(_connect(server, deadline), server.host)
    with deadline.ends(smtp):
        _introduce(smtp, server)
        # Whoever was too slow until here must not send any more: another worker may have begun to.
        deadline.left()
        _hand_over(smtp, message, sender=sender, recipient=recipient)
        # It is taken: whatever goes wrong from here on changes nothing.
        with contextlib.suppress(OSError):
            smtp.quit()


def _connect(server: Server, deadline: _Deadline) -> socket.socket:
    addresses = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    patience = min(CONNECT_WITHIN, deadline.left()) / len(addresses)
    connection = socket.create_connection((server.host, server.port), timeout=patience)
    connection.settimeout(min(ANSWER_WITHIN, deadline.left()))
    if server.security != "tls":
        return connection
    return ssl.create_default_context().wrap_socket(connection, server_hostname=server.host)


def _introduce(smtp: smtplib.SMTP, server: Server) -> None:
    code, greeting = smtp.connect(server.host, server.port)
    if code != 220:  # noqa: PLR2004 - the code of "ready" (RFC 5321, section 4.2.2)
        raise smtplib.SMTPConnectError(code, greeting)
    if server.security == "starttls":
        smtp.starttls(context=ssl.create_default_context())
    if server.user is not None and server.password is not None:
        smtp.login(server.user, server.password)
    smtp.ehlo_or_helo_if_needed()


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage, *, sender: str, recipient: str) -> None:
    if not recipient.isascii() and not smtp.has_extn("smtputf8"):
        raise RecipientRefused("The mail server takes no letters beyond ASCII before the @ of an address.")
    try:
        smtp.send_message(message, from_addr=sender, to_addrs=[recipient])
    except smtplib.SMTPRecipientsRefused as error:
        [(code, reply)] = error.recipients.values()
        if code in _NEVER and not reply.startswith(_POLICY):
            raise _refusal(code, reply) from error
        raise
    except smtplib.SMTPDataError as error:
        code, reply = error.smtp_code, _as_bytes(error.smtp_error)
        if code in _NEVER and reply.startswith(_NO_SUCH_ADDRESS):
            raise _refusal(code, reply) from error
        raise


def _refusal(code: int, reply: bytes) -> RecipientRefused:
    return RecipientRefused(f"{code} {reply.decode('utf-8', 'replace')}")


def _as_bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode()
