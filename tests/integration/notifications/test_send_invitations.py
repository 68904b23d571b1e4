"""An invitation to the team is sent once, to the invited address alone, while it is open."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine

from config.settings import Settings
from lumira import operator_tokens
from lumira.database import atomic
from lumira.models import OperatorInvitation, Role
from lumira.notifications import delivery, send_invitations
from lumira.repositories.installation import due_work
from lumira.repositories.operators import operator_invitations
from lumira.services.operators.invite_operator import invite_operator, revoke_invitation
from tests.support.dashboard import open_browser
from tests.support.factories import Brand
from tests.support.mail_server import Mailbox

pytestmark = pytest.mark.usefixtures("app_context", "public_url")


@pytest.fixture
def public_url(settings: Settings) -> Iterator[None]:
    """The address of the installation, without which no link can be sent."""
    operator_tokens.configure(settings.secret_key, public_url="https://pay.example.com")
    yield
    operator_tokens.configure(settings.secret_key, public_url=settings.public_url)


def invite(brand: Brand, email: str = "new@example.com", **options: bool) -> UUID:
    return invite_operator(brand.id, email, role=Role.EXPERT, actor="test", **options).address.invitation_id


def row(brand: Brand, invitation_id: UUID) -> OperatorInvitation:
    with atomic(brand.id):
        found = operator_invitations.find(brand.id, invitation_id)
    assert found is not None
    return found


def is_pending(brand: Brand) -> bool:
    return brand.id in due_work.tenants_with_unsent_invitations(datetime.now(UTC))


def test_an_invitation_is_sent_once_with_a_link_that_sets_up_the_account(
    app, tenant, mailbox: Mailbox
) -> None:
    invitation_id = invite(tenant)
    assert is_pending(tenant)
    assert [send_invitations.send_invitations(tenant.id) for _ in range(2)] == [1, 0]

    [mail] = mailbox.received
    assert mail["To"] == "new@example.com"
    plain = mail.get_body(("plain",)).get_content()
    link = re.search(r"https://pay\.example\.com(/dashboard/-/set-up/\S+)", plain)
    assert link
    assert tenant.name in plain
    assert open_browser(app).get(link[1]).status_code == 200
    assert row(tenant, invitation_id).sent_at is not None
    assert not is_pending(tenant)


def test_a_revoked_or_expired_invitation_is_not_sent(tenant, mailbox: Mailbox) -> None:
    revoke_invitation(tenant.id, invite(tenant), actor="test")
    assert not is_pending(tenant)
    invite(tenant, "late@example.com")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=4)):
        assert send_invitations.send_invitations(tenant.id) == 1
        assert not is_pending(tenant)
    assert mailbox.received == []


def test_the_link_that_the_command_prints_is_not_sent(tenant, mailbox: Mailbox) -> None:
    invite(tenant, is_sent=False)
    assert send_invitations.send_invitations(tenant.id) == 0
    assert mailbox.received == []


def test_an_invitation_that_cannot_be_sent_now_is_sent_later(tenant, settings, mailbox: Mailbox) -> None:
    invitation_id = invite(tenant)
    with_mail = delivery._configured[0]
    assert with_mail.smtp is not None
    delivery.configure(replace(with_mail, smtp=replace(with_mail.smtp, port=1)))
    send_invitations.send_invitations(tenant.id)
    failed = row(tenant, invitation_id)
    assert (failed.attempts, failed.sent_at) == (1, None)
    assert failed.next_attempt_at is not None

    delivery.configure(with_mail)
    with time_machine.travel(failed.next_attempt_at + timedelta(seconds=1)):
        assert send_invitations.send_invitations(tenant.id) == 1
    assert len(mailbox.received) == 1


def test_a_refused_address_is_given_up_at_once(tenant, mailbox: Mailbox) -> None:
    invitation_id = invite(tenant, "a@b@example.com")
    assert send_invitations.send_invitations(tenant.id) == 1
    given_up = row(tenant, invitation_id)
    assert (given_up.sent_at, given_up.next_attempt_at) == (None, None)
