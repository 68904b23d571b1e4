"""SMTP_URL is parsed, or refused in one line that contains no secret."""

import pytest
from cryptography.fernet import Fernet

from config.settings import Settings, SettingsError
from config.smtp_server import SmtpServer


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://apikey:SG.a@smtp.sendgrid.net", ("smtp.sendgrid.net", 465, "tls", "apikey", "SG.a")),
        (
            "smtp://apikey:SG.a@smtp.sendgrid.net:587",
            ("smtp.sendgrid.net", 587, "starttls", "apikey", "SG.a"),
        ),
        ("smtp://u:p%40%2F%25@mail.example:2525", ("mail.example", 2525, "starttls", "u", "p@/%")),
        ("smtp://mail.example?starttls=always", ("mail.example", 587, "starttls", None, None)),
        ("smtp://127.0.0.1:25?starttls=never", ("127.0.0.1", 25, "never", None, None)),
        ("smtp://u:p@localhost?starttls=never", ("localhost", 587, "never", "u", "p")),
        ("smtp://[::1]:25?starttls=never", ("::1", 25, "never", None, None)),
    ],
)
def test_an_smtp_url_names_host_port_security_user_and_password(url, expected):
    server = SmtpServer.from_url(url)
    assert (server.host, server.port, server.security, server.user, server.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "smtp.sendgrid.net",
        "http://apikey:hidden@host",
        "smtp://apikey@host",
        "smtp://:hidden@host",
        "smtp://apikey:@host",
        "smtp://apikey:hid#den@host",
        "smtp://apikey:hid/den@host",
        "smtp://apikey:hid@den@host",
        "smtp://apikey:hid%den@host",
        "smtp://apikey:hid%0D%0Aden@host",
        "smtp://apikey:hidden@",
        "smtp://apikey:hidden@host:0",
        "smtp://apikey:hidden@host:99999",
        "smtp://apikey:hidden@host:",
        "smtp://apikey:hidden@host/path",
        "smtp://apikey:hidden@host?tls=no",
        "smtps://apikey:hidden@host?starttls=never",
        "smtp://apikey:hidden@host?starttls=never",
        "smtp://apikey:hid den@host",
    ],
)
def test_an_invalid_smtp_url_is_refused_without_showing_its_password(url):
    with pytest.raises(SettingsError) as refused:
        settings(SMTP_URL=url, MAIL_FROM="a@example.com")
    assert str(refused.value).startswith("SMTP_URL ")
    assert "hid" not in str(refused.value)
    assert "\n" not in str(refused.value)


def settings(**environ: str) -> Settings:
    return Settings.from_environment(
        {
            "DATABASE_URL": "postgresql://nowhere/none",
            "SECRET_KEY": "only-for-tests-0123456789abcdefghij",
            "SMTP_URL": "files",
            "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            **environ,
        }
    )


def test_production_states_whether_messages_are_sent_or_written_to_files():
    with pytest.raises(SettingsError, match=r"SMTP_URL is missing in production.*SMTP_URL=files"):
        settings(SMTP_URL="")
    assert settings(SMTP_URL="files").smtp is None


def test_smtp_url_requires_mail_from():
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        settings(SMTP_URL="smtps://apikey:SG.a@smtp.sendgrid.net")


@pytest.mark.parametrize(
    "sender",
    [
        "a@example.com, b@example.com",
        "Team: a@example.com;",
        "Lumira",
        "Lumira <a@example.com>\r\nBcc: b@example.com",
        "a@",
        "élodie@example.com",
    ],
)
def test_mail_from_is_a_single_address(sender):
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        settings(MAIL_FROM=sender)


def test_the_printed_settings_contain_no_smtp_password():
    printed = repr(settings(SMTP_URL="smtps://apikey:SG.hidden@smtp.example", MAIL_FROM="a@example.com"))
    assert "SG.hidden" not in printed
    assert "smtp.example" in printed
