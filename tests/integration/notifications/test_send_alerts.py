"""The team is notified of every alert once; an alert that cannot be sent raises one that is not."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, Tenant
from lumira.notifications import send_alerts
from lumira.repositories.alerts import alerts
from lumira.repositories.installation import due_work
from lumira.repositories.messages import message_claims
from lumira.tasks import queue
from tests.support.factories import Brand
from tests.support.mail_server import Mailbox
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

TEAM = "team@example.com"


@pytest.fixture
def team(make_brand, mailbox: Mailbox) -> Brand:
    """A brand whose team has an e-mail address."""
    return make_brand(alert_email=TEAM)


def alarm(brand: Brand, subject: str = "LUM-1", kind: AlertKind = AlertKind.DUPLICATE_PAYMENT) -> None:
    with atomic(brand.id):
        alerts.raise_alert(brand.id, kind=kind, subject=subject, amount=4700)


def rows(brand: Brand) -> list[Alert]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert).order_by(Alert.id)).scalars())


def is_pending(brand: Brand, at: datetime | None = None) -> bool:
    return brand.id in due_work.tenants_with_unsent_alerts(at or datetime.now(UTC))


def test_an_alert_is_sent_to_the_team_once_however_often_it_is_seen(team, mailbox):
    alarm(team)
    alarm(team)
    assert is_pending(team)
    assert [send_alerts.send_alerts(team.id), send_alerts.send_alerts(team.id)] == [1, 0]

    [mail] = mailbox.received
    assert mail["To"] == TEAM
    assert "LUM-1" in mail["Subject"]
    assert "4700" in mail.get_body(("plain",)).get_content()
    assert "payée deux fois" in mail.get_body(("html",)).get_content()
    assert not is_pending(team)
    assert rows(team)[0].notified_at is not None


def test_an_alert_without_an_order_is_sent_too(team, mailbox):
    deliver(team, event("payment_intent.succeeded", payment_intent(id="pi_1"), api_version="2020-08-27"))
    assert send_alerts.send_alerts(team.id) == 1
    assert "2020-08-27" in mailbox.received[0].get_body(("plain",)).get_content()


def test_an_alert_that_was_resolved_before_it_was_sent_is_not_sent(team, mailbox):
    alarm(team)
    with atomic(team.id):
        alerts.resolve(team.id, kind=AlertKind.DUPLICATE_PAYMENT, subject="LUM-1")
    assert send_alerts.send_alerts(team.id) == 0
    assert not is_pending(team)


def test_an_alert_that_is_raised_again_is_a_new_message(team, mailbox):
    for _ in range(2):
        alarm(team)
        send_alerts.send_alerts(team.id)
        with atomic(team.id):
            alerts.resolve(team.id, kind=AlertKind.DUPLICATE_PAYMENT, subject="LUM-1")
    assert len({mail["Message-ID"] for mail in mailbox.received}) == 2


@pytest.mark.parametrize("kind", [AlertKind.DISPUTE, AlertKind.INQUIRY])
def test_disputes_and_inquiries_are_not_sent_as_alerts_too(kind, team, mailbox):
    alarm(team, kind=kind)
    assert send_alerts.send_alerts(team.id) == 0


def test_an_alert_that_could_not_be_sent_is_retried_as_the_same_message(team, mailbox):
    alarm(team)
    mailbox.to_recipient.append("451 Later")
    send_alerts.send_alerts(team.id)
    [alert] = rows(team)
    assert (alert.notified_at, alert.notification_attempts) == (None, 1)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        assert send_alerts.send_alerts(team.id) == 1
    assert [mail["Message-ID"] for mail in mailbox.received] == [
        f"<{send_alerts.identity(alert)}@lumira.example>"
    ]


def test_a_crash_between_sending_and_marking_repeats_the_alert_as_the_same_message(
    team, mailbox, monkeypatch
):
    alarm(team)
    mark_notified = alerts.mark_notified

    def die(_: Alert) -> None:
        monkeypatch.setattr(alerts, "mark_notified", mark_notified)
        raise SystemExit

    monkeypatch.setattr(alerts, "mark_notified", die)
    with pytest.raises(SystemExit):
        send_alerts.send_alerts(team.id)
    assert send_alerts.send_alerts(team.id) == 0
    with time_machine.travel(datetime.now(UTC) + message_claims.LEASE + timedelta(seconds=5)):
        send_alerts.send_alerts(team.id)
    first, second = mailbox.received
    assert first["Message-ID"] == second["Message-ID"]


def test_an_alert_that_the_teams_server_refuses_is_not_reported_by_email(team, mailbox):
    alarm(team, kind=AlertKind.MESSAGE_DEAD)
    mailbox.to_recipient.extend(["550 5.1.1 No such user"] * 9)
    assert send_alerts.send_alerts(team.id) == 1
    assert sorted(alert.kind for alert in rows(team)) == ["alert_not_sent", "message_dead"]
    assert not is_pending(team)
    assert send_alerts.send_alerts(team.id) == 0


def test_an_alert_that_cannot_be_sent_for_a_day_is_given_up(team, mailbox):
    alarm(team)
    mailbox.to_recipient.extend(["451 Later"] * 99)
    now = datetime.now(UTC)
    for _ in range(60):
        pending = [
            alert.next_notification_at for alert in rows(team) if alert.next_notification_at is not None
        ]
        if not pending:
            break
        now = max(now, *pending) + timedelta(milliseconds=1)
        with time_machine.travel(now):
            send_alerts.send_alerts(team.id)
    assert sorted(alert.kind for alert in rows(team)) == ["alert_not_sent", "duplicate_payment"]
    assert not is_pending(team, now + timedelta(days=9))


def test_concurrent_workers_send_each_alert_once(app, team, mailbox):
    for number in range(5):
        alarm(team, f"LUM-{number}")

    def work() -> None:
        with app.app_context():
            send_alerts.send_alerts(team.id)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = "".join(mail.get_body(("plain",)).get_content() for mail in mailbox.received)
    assert [shown.count(f"LUM-{number}\r\n") for number in range(5)] == [1] * 5


def test_alerts_of_one_kind_share_a_message(team, mailbox):
    for number in range(3):
        alarm(team, f"LUM-{number}")
    alarm(team, "LUM-9", kind=AlertKind.REFUND_REFUSED)
    mailbox.to_recipient.append("451 Later")
    send_alerts.send_alerts(team.id)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        send_alerts.send_alerts(team.id)

    bodies = [mail.get_body(("plain",)).get_content() for mail in mailbox.received]
    assert len(bodies) == 2
    [together] = [body for body in bodies if "duplicate_payment" in body]
    assert all(f"LUM-{number}" in together for number in range(3))
    assert {alert.notified_at is None for alert in rows(team)} == {False}


def test_an_invalid_team_address_raises_one_alert_and_no_loop(team, mailbox):
    with atomic(team.id):
        db.session.execute(update(Tenant).where(Tenant.id == team.id).values(alert_email="team, x@y.example"))
    alarm(team)
    send_alerts.send_alerts(team.id)
    assert mailbox.received == []
    assert sorted(alert.kind for alert in rows(team)) == ["alert_not_sent", "duplicate_payment"]


def test_alerts_of_one_tenant_are_not_sent_to_another(team, other_tenant, mailbox):
    alarm(other_tenant)
    assert send_alerts.send_alerts(team.id) == 0


def test_the_periodic_task_sends_pending_alerts(team, mailbox):
    alarm(team, "LUM-SWEPT")
    queue.send_alerts_to_teams(timestamp=0)
    assert [mail["To"] for mail in mailbox.received if "LUM-SWEPT" in mail["Subject"]] == [TEAM]
