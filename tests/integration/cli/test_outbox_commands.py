"""Messages are listed, and retried by an operator; a sent message is not sent again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from lumira.database import atomic, db
from lumira.domain.messages import GIVE_UP_ATTEMPTS
from lumira.models import AuditEntry, MessageStatus, OutboxMessage
from lumira.notifications import delivery, relay
from lumira.repositories.messages import message_claims
from tests.support.factories import open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def pay(brand) -> str:
    opened = open_payment(brand)
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", intent))
    return opened.order_number


def messages(brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        return list(db.session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars())


def change(brand, **values) -> None:
    with atomic(brand.id):
        db.session.execute(update(OutboxMessage).where(OutboxMessage.tenant_id == brand.id).values(**values))


def kill(brand) -> None:
    """As after a day of failures."""
    change(
        brand,
        status=MessageStatus.DEAD,
        attempts=GIVE_UP_ATTEMPTS,
        created_at=datetime.now(UTC) - timedelta(days=2),
        last_error="Traceback (most recent call last):\n  …\nOSError: the disk is full\n",
    )


def queued_relays(brand) -> int:
    query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = :lock"
    with atomic(None):
        return db.session.execute(text(query), {"lock": f"relay_outbox:{brand.id}"}).scalar_one()


def test_messages_are_listed_with_their_order_and_why_they_failed(run_flask, tenant, other_tenant):
    number, other = pay(tenant), pay(other_tenant)
    kill(tenant)

    everybody = run_flask("outbox", "list", "--limit", 10_000).stdout
    assert everybody.splitlines()[0].split() == [
        "MESSAGE", "TENANT", "ORDER", "KIND", "STATUS", "ATTEMPTS", "CREATED", "ERROR",
    ]  # fmt: skip
    assert number in everybody
    assert other in everybody

    dead = run_flask("outbox", "list", "--status", "dead", "--tenant", tenant.slug).stdout
    assert f"{number}  order_confirmation  dead" in dead
    assert "OSError: the disk is full" in dead
    assert other not in dead


def test_a_retried_dead_message_is_due_at_once_with_new_attempts(run_flask, tenant):
    pay(tenant)
    kill(tenant)
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_jobs"))
    [message] = messages(tenant)

    assert run_flask("outbox", "retry", message.id).stdout == "1 message due now.\n"

    [message] = messages(tenant)
    assert (message.status, message.attempts) == (MessageStatus.PENDING, 0)
    assert queued_relays(tenant) == 1
    assert relay.relay(tenant.id) == 1
    assert messages(tenant)[0].status is MessageStatus.SENT
    with atomic(tenant.id):
        retried = select(AuditEntry.subject).where(AuditEntry.action == "message_retried")
        assert db.session.execute(retried).scalars().all() == [f"message:{message.id}"]


def test_a_retried_message_that_fails_again_gets_all_its_attempts(run_flask, tenant, monkeypatch):
    pay(tenant)
    kill(tenant)
    run_flask("outbox", "retry", "--dead", "--tenant", tenant.slug)

    def fail(*_, **__):
        raise OSError

    monkeypatch.setattr(delivery, "deliver", fail)
    relay.relay(tenant.id)
    assert (messages(tenant)[0].status, messages(tenant)[0].attempts) == (MessageStatus.PENDING, 1)


def test_all_dead_messages_of_all_tenants_are_retried_or_of_one(run_flask, tenant, other_tenant):
    for brand in (tenant, other_tenant):
        pay(brand)
        kill(brand)

    assert run_flask("outbox", "retry", "--dead", "--tenant", tenant.slug).stdout == "1 message due now.\n"
    assert messages(other_tenant)[0].status is MessageStatus.DEAD
    run_flask("outbox", "retry", "--dead")
    assert messages(other_tenant)[0].status is MessageStatus.PENDING
    assert run_flask("outbox", "retry", "--dead", "--tenant", tenant.slug).stdout == "0 messages due now.\n"


def test_a_sent_message_is_not_sent_again(run_flask, tenant):
    pay(tenant)
    relay.relay(tenant.id)
    [message] = messages(tenant)

    assert "sent already" in run_flask("outbox", "retry", message.id, code=1).stderr
    assert messages(tenant)[0].status is MessageStatus.SENT


def test_a_message_that_is_being_sent_is_not_retried(run_flask, tenant):
    pay(tenant)
    with atomic(tenant.id):
        [taken] = message_claims.claim_due(tenant.id, 1)

    run_flask("outbox", "retry", taken.message_id)

    assert relay.relay(tenant.id) == 0


def test_a_message_that_waits_for_its_next_attempt_is_due_at_once(run_flask, tenant):
    pay(tenant)
    change(tenant, next_attempt_at=datetime.now(UTC) + timedelta(minutes=30), attempts=7)
    [message] = messages(tenant)

    run_flask("outbox", "retry", message.id)

    assert relay.relay(tenant.id) == 1


def test_an_unknown_message_is_one_line_and_no_message_a_usage_error(run_flask):
    unknown = "01890000-0000-7000-8000-000000000000"
    assert f"There is no message {unknown}." in run_flask("outbox", "retry", unknown, code=1).stderr
    for arguments in ((), ("--dead", unknown), ("nonsense",)):
        run_flask("outbox", "retry", *arguments, code=2)
