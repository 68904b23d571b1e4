"""Messages that are written to files, as in development."""

import pytest
from sqlalchemy import select

from config.settings import Settings
from lumira.database import atomic, db
from lumira.models import MessageStatus, OutboxMessage
from lumira.notifications.delivery import REFUSING_DOMAIN
from lumira.notifications.relay import relay
from tests.support.factories import Brand
from tests.support.refunds import pay


@pytest.mark.usefixtures("app_context")
def test_a_message_to_the_refusing_domain_is_dead_at_once_and_written_nowhere(
    tenant: Brand, settings: Settings
) -> None:
    pay(tenant, customer_email=f"buyer@{REFUSING_DOMAIN}")

    relay(tenant.id)

    with atomic(tenant.id):
        [message] = db.session.scalars(select(OutboxMessage))
        assert (message.status, message.last_error) == (MessageStatus.DEAD, "550 5.1.1 No such mailbox.")
    assert not (settings.instance_path / "outbox" / f"{message.id}.eml").exists()
