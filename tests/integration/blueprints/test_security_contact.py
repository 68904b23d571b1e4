"""`/.well-known/security.txt` names whom to tell of a weakness."""

from datetime import UTC, datetime, timedelta

import pytest

from config.errors import SettingsError
from config.settings import Settings
from tests.support.factories import Brand
from tests.unit.config.environment import REQUIRED

PATH = "/.well-known/security.txt"
CONTACT = "mailto:security@example.com"


def test_an_installation_without_a_contact_has_no_file(client) -> None:
    assert client.get(PATH).status_code == 404


@pytest.mark.parametrize("is_domain_of_a_shop", [False, True])
def test_the_file_names_the_contact_on_every_host(
    client_with, tenant: Brand, is_domain_of_a_shop: bool
) -> None:
    client = client_with(security_contact=CONTACT, public_url="https://pay.example.com")

    reply = client.get(PATH, headers={"Host": tenant.domain if is_domain_of_a_shop else "pay.example.com"})

    assert (reply.status_code, reply.content_type) == (200, "text/plain; charset=utf-8")
    fields = dict(line.split(": ", 1) for line in reply.text.splitlines())
    expires = datetime.fromisoformat(fields.pop("Expires"))
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=365)
    assert fields == {
        "Contact": CONTACT,
        "Preferred-Languages": "fr, en",
        "Canonical": f"https://pay.example.com{PATH}",
    }


@pytest.mark.parametrize(
    ("entered", "contact"),
    [
        ("security@example.com", "mailto:security@example.com"),
        ("mailto:security@example.com", "mailto:security@example.com"),
        ("https://example.com/security", "https://example.com/security"),
    ],
)
def test_the_contact_is_an_address_or_a_page(entered: str, contact: str) -> None:
    assert Settings.from_environment({**REQUIRED, "SECURITY_CONTACT": entered}).security_contact == contact


@pytest.mark.parametrize(
    "entered", ["http://example.com/security", "example.com", "a@b.example\nContact: x", "tel:1"]
)
def test_another_contact_stops_the_start(entered: str) -> None:
    with pytest.raises(SettingsError, match="SECURITY_CONTACT"):
        Settings.from_environment({**REQUIRED, "SECURITY_CONTACT": entered})
