"""A mail server that receives messages over SMTP, and refuses or delays them on request."""

# ruff: noqa: ARG002, N802 - names and arguments that the server's library calls with

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lumira.clients import smtp

USER, PASSWORD = "apikey", "SG.secret"

# It reports each connection that ends, also after the test that opened it.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Mailbox:
    """Received messages, and the replies that the server sends next; each reply is used once."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.to_sender: list[str] = []
        self.to_recipient: list[str] = []
        self.to_data: list[str] = []
        #: Seconds before each reply to a message.
        self.pause = 0.0
        #: Seconds before the reply to a reset.
        self.pause_of_reset = 0.0
        self.was_encrypted: list[bool] = []
        self.users: list[str] = []
        #: The client's end of the connection of each accepted message.
        self.peers: list[object] = []
        #: The recipient of each attempt.
        self.recipients: list[str] = []
        #: Connections that the client ended.
        self.quits = 0

    async def handle_QUIT(self, server: Any, session: Session, envelope: Envelope) -> str:
        self.quits += 1
        return "221 Bye"

    async def handle_RSET(self, server: Any, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.pause_of_reset)
        return "250 OK"

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender:
            return self.to_sender.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.recipients.append(address)
        if self.to_recipient:
            return self.to_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.pause)
        if self.to_data:
            return self.to_data.pop(0)
        assert isinstance(envelope.original_content, bytes)
        self.envelopes.append(envelope)
        self.peers.append(session.peer)
        self.was_encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        self.received.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 OK"

    def authenticate(
        self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(mailbox: Mailbox, *, hostname: str = "127.0.0.1", **options: Any) -> Iterator[int]:
    """Run a server that fills the mailbox; yield its port."""
    controller = Controller(mailbox, hostname=hostname, port=free_port(), ready_timeout=60, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        smtp.close_connections()
        controller.stop()


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate for `localhost`, and the file with which a client trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.pem", folder / "server.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
