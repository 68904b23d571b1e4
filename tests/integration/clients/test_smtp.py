"""E-mail is sent once, encrypted where required, and only to a server with a trusted certificate."""

import smtplib
import socket
import ssl
import threading
import time
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.smtp_server import SmtpServer
from lumira.clients import smtp, smtp_connections
from tests.support import mail_server
from tests.support.mail_server import PASSWORD, USER, Mailbox

SENDER, RECIPIENT = "no-reply@lumira.example", "buyer@example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return mail_server.make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


def mail(to: str = RECIPIENT) -> EmailMessage:
    message = EmailMessage(policy.SMTP if to.isascii() else policy.SMTPUTF8)
    message["From"], message["To"], message["Subject"] = SENDER, to, "Éclat"
    message["Message-ID"] = "<1@lumira.example>"
    message.set_content("Déjà vu\n", cte="quoted-printable")
    return message


def send(url: str, to: str = RECIPIENT) -> None:
    smtp.send(SmtpServer.from_url(url), mail(to), sender=SENDER, recipient=to)


def plain(port: int) -> str:
    return f"smtp://127.0.0.1:{port}?starttls=never"


def test_a_message_arrives_unchanged(mailbox):
    with mail_server.running(mailbox) as port:
        send(plain(port))
    [received], [envelope] = mailbox.received, mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [RECIPIENT])
    assert (received["Subject"], received.get_content().strip()) == ("Éclat", "Déjà vu")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_credentials_are_sent_over_an_encrypted_connection_only(scheme, mailbox, certificate, monkeypatch):
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    # The test server's library supports authentication only with STARTTLS.
    encryption = (
        {"tls_context": context, "require_starttls": True, "auth_required": True}
        if scheme == "smtp"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    options = {"authenticator": mailbox.authenticate, **encryption}
    with mail_server.running(mailbox, hostname="localhost", **options) as port:
        send(f"{scheme}://{USER}:{PASSWORD}@localhost:{port}")
    assert (len(mailbox.received), mailbox.was_encrypted, mailbox.users) == (1, [True], [USER])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_an_untrusted_certificate_gets_nothing(scheme, mailbox, certificate):
    context, _ = certificate
    encryption = {"tls_context": context} if scheme == "smtp" else {"ssl_context": context}
    options = {"authenticator": mailbox.authenticate, **encryption}
    with mail_server.running(mailbox, hostname="localhost", **options) as port, pytest.raises(ssl.SSLError):
        send(f"{scheme}://{USER}:{PASSWORD}@localhost:{port}")
    assert (mailbox.received, mailbox.users) == ([], [])


def test_a_server_without_encryption_gets_nothing_unless_configured(mailbox):
    with mail_server.running(mailbox) as port, pytest.raises(smtplib.SMTPException):
        send(f"smtp://127.0.0.1:{port}")
    assert mailbox.received == []


def test_a_wrong_password_is_not_a_refused_recipient(mailbox, certificate, monkeypatch):
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    options = {"auth_required": True, "authenticator": mailbox.authenticate, "tls_context": context}
    with (
        mail_server.running(mailbox, hostname="localhost", **options) as port,
        pytest.raises(smtplib.SMTPAuthenticationError),
    ):
        send(f"smtp://{USER}:wrong@localhost:{port}")


@pytest.mark.parametrize("reply", ["550 5.1.1 No such user", "553 Bad mailbox", "550 Mailbox not found"])
def test_a_permanently_refused_address_is_distinguished(reply, mailbox):
    mailbox.to_recipient.append(reply)
    with mail_server.running(mailbox) as port, pytest.raises(smtp.RecipientRefused, match=reply[4:]):
        send(plain(port))


def test_an_address_refused_after_the_data_is_distinguished_too(mailbox):
    mailbox.to_data.append("550 5.1.1 No such user")
    with mail_server.running(mailbox) as port, pytest.raises(smtp.RecipientRefused):
        send(plain(port))


@pytest.mark.parametrize(
    "reply", ["450 Try later", "452 Mailbox full", "550 5.7.1 You are not welcome", "552 Full", "554 No"]
)
def test_temporary_and_policy_refusals_are_not_permanent(reply, mailbox):
    mailbox.to_recipient.append(reply)
    with mail_server.running(mailbox) as port, pytest.raises(smtplib.SMTPRecipientsRefused):
        send(plain(port))


@pytest.mark.parametrize("reply", ["451 Later", "554 Looks like spam"])
def test_a_message_that_is_refused_may_be_sent_again(reply, mailbox):
    mailbox.to_data.append(reply)
    with mail_server.running(mailbox) as port:
        with pytest.raises(smtplib.SMTPDataError):
            send(plain(port))
        send(plain(port))
    assert len(mailbox.received) == 1


def test_a_server_that_is_down_is_a_temporary_error():
    with pytest.raises(ConnectionRefusedError):
        send(plain(mail_server.free_port()))


def test_a_server_that_does_not_reply_in_time_is_abandoned(mailbox, monkeypatch):
    monkeypatch.setattr(smtp, "REPLY_TIMEOUT", 0.3)
    mailbox.pause = 2
    with mail_server.running(mailbox) as port, pytest.raises(smtplib.SMTPServerDisconnected):
        send(plain(port))


def test_a_server_that_replies_byte_by_byte_is_abandoned_at_the_deadline(monkeypatch):
    monkeypatch.setattr(smtp, "SEND_TIMEOUT", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def dribble() -> None:
            connection, _ = listening.accept()
            with connection:
                while not ended.wait(0.1):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            with pytest.raises((OSError, ValueError)):
                send(plain(listening.getsockname()[1]))
        finally:
            ended.set()
            thread.join()


def test_a_non_ascii_address_needs_a_server_that_supports_it(mailbox):
    with mail_server.running(mailbox, enable_SMTPUTF8=True) as port:
        send(plain(port), "élodie@example.com")
    assert mailbox.envelopes[0].rcpt_tos == ["élodie@example.com"]
    with (
        mail_server.running(mailbox, enable_SMTPUTF8=False) as port,
        pytest.raises(smtp.RecipientRefused, match="ASCII"),
    ):
        send(plain(port), "élodie@example.com")


def test_several_messages_use_one_connection(mailbox):
    with mail_server.running(mailbox) as port:
        for _ in range(3):
            send(plain(port))
    assert (len(mailbox.received), len(set(mailbox.peers))) == (3, 1)


def test_a_refused_message_leaves_its_connection_to_the_next_one(mailbox):
    mailbox.to_recipient.append("550 5.1.1 No such user")
    with mail_server.running(mailbox) as port:
        with pytest.raises(smtp.RecipientRefused):
            send(plain(port))
        send(plain(port))
    assert mailbox.envelopes[0].rcpt_tos == [RECIPIENT]


def test_a_message_is_sent_over_a_new_connection_if_the_server_closed_the_kept_one(mailbox):
    # Without a command for this long the server closes the connection: longer than a busy machine takes between two.
    with mail_server.running(mailbox, timeout=1) as port:
        send(plain(port))
        time.sleep(1.5)
        send(plain(port))
    assert (len(mailbox.received), len(set(mailbox.peers))) == (2, 2)


def test_a_message_that_fails_is_not_sent_again_over_another_connection(mailbox, monkeypatch):
    with mail_server.running(mailbox) as port:
        send(plain(port))
        monkeypatch.setattr(smtp, "REPLY_TIMEOUT", 0.3)
        mailbox.pause = 1
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(plain(port))
    # The server may have accepted it: whether it is sent again is decided later, with the same Message-ID.
    assert len(mailbox.recipients) == 2


def test_messages_at_the_same_time_use_connections_of_their_own(mailbox):
    mailbox.pause = 0.3
    with mail_server.running(mailbox) as port:
        threads = [threading.Thread(target=send, args=(plain(port),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(mailbox.received), len(set(mailbox.peers))) == (3, 3)


def test_an_idle_connection_is_closed(mailbox, monkeypatch):
    monkeypatch.setattr(smtp_connections, "IDLE_TIMEOUT", 0.2)
    monkeypatch.setattr(smtp, "_kept", smtp_connections.KeptConnections())
    with mail_server.running(mailbox) as port:
        send(plain(port))
        deadline = time.monotonic() + 30
        while mailbox.quits == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert mailbox.quits == 1


def test_a_connection_is_used_for_a_bounded_number_of_messages(mailbox, monkeypatch):
    monkeypatch.setattr(smtp_connections, "MESSAGES_PER_CONNECTION", 2)
    with mail_server.running(mailbox) as port:
        for _ in range(3):
            send(plain(port))
        assert (mailbox.quits, len(set(mailbox.peers))) == (1, 2)


def test_a_kept_connection_that_does_not_reply_leaves_time_for_a_new_one(mailbox, monkeypatch):
    with mail_server.running(mailbox) as port:
        send(plain(port))
        monkeypatch.setattr(smtp, "SEND_TIMEOUT", 6.0)
        mailbox.pause_of_reset = 10
        send(plain(port))
    assert (len(mailbox.received), len(set(mailbox.peers))) == (2, 2)


def test_an_accepted_message_is_sent_also_if_its_connection_cannot_be_kept(mailbox, monkeypatch):
    class ThreadlessTimer(threading.Timer):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(smtp, "_kept", smtp_connections.KeptConnections())
    with mail_server.running(mailbox) as port:
        with monkeypatch.context() as without_threads:
            without_threads.setattr(smtp_connections, "Timer", ThreadlessTimer)
            send(plain(port))
        send(plain(port))
        send(plain(port))
    assert (len(mailbox.received), len(set(mailbox.peers))) == (3, 2)
