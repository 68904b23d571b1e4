"""Alerts are posted to the webhook of the team once, with their end, and its URL stays secret."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors import InvalidRequest
from lumira.models import Alert, AlertKind, AuditEntry, TeamPost, TeamWebhookFormat
from lumira.notifications import post_alerts
from lumira.repositories.alerts import alerts, conditions
from lumira.repositories.tenants import tenants
from lumira.services.tenants.change_team_webhook import post_test, remove_team_webhook, set_team_webhook
from lumira.tasks import queue
from tests.support import private_addresses, slow_server, team_channel
from tests.support.app_threads import in_thread
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, count
from tests.support.mail_server import Mailbox
from tests.support.slow_server import SlowServer
from tests.support.team_channel import Channel

pytestmark = pytest.mark.usefixtures("app_context")

SECRET = "SECRET-PATH"


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A channel on this machine, which only development allows."""
    with team_channel.running() as channel, private_addresses.allowed():
        yield channel


@pytest.fixture
def silent(other_tenant: Brand, channel: Channel) -> Iterator[SlowServer]:
    """The other tenant's webhook, which never replies."""
    with slow_server.running() as server:
        set_team_webhook(other_tenant.id, server.url, TeamWebhookFormat.JSON, actor="operator:x")
        yield server


@pytest.fixture
def shop(tenant: Brand, channel: Channel) -> Brand:
    set_team_webhook(tenant.id, channel.url, TeamWebhookFormat.JSON, actor="operator:x")
    return tenant


def alarm(brand: Brand, subject: str = "evt_1", kind: AlertKind = AlertKind.EVENT_FAILED) -> None:
    with atomic(brand.id):
        alerts.raise_alert(brand.id, kind=kind, subject=subject)


def kinds(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def later(brand: Brand, minutes: float) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        post_alerts.post_alerts(brand.id)


def test_an_alert_is_posted_once_with_what_to_do(shop, channel) -> None:
    alarm(shop)
    alarm(shop)
    post_alerts.post_alerts(shop.id)
    post_alerts.post_alerts(shop.id)
    [posted] = channel.posted
    assert (posted["kind"], posted["state"], posted["subject"]) == ("event_failed", "raised", "evt_1")
    assert "flask events replay" in posted["remedy"]
    assert count(shop, TeamPost) == 0


def test_slack_gets_one_text_in_which_nothing_mentions_everyone(tenant, channel) -> None:
    set_team_webhook(tenant.id, channel.url, TeamWebhookFormat.TEXT, actor="operator:x")
    alarm(tenant, subject="<!channel> @all")
    post_alerts.post_alerts(tenant.id)
    [posted] = channel.posted
    assert set(posted) == {"text"}
    assert "<!channel>" not in posted["text"]
    assert "@all" not in posted["text"]


def test_the_end_of_a_watched_alert_is_posted_once(shop, channel) -> None:
    def note(*, is_true: bool, minutes: float) -> None:
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)), atomic(shop.id):
            conditions.note(shop.id, kind=AlertKind.EVENT_WAITING, subject=shop.slug, is_true=is_true)
            for alert in alerts.claim_next(shop.id, until=datetime.now(UTC)):
                alerts.mark_notified(alert)

    note(is_true=True, minutes=0)
    later(shop, 1)
    for minutes in (12, 13):
        note(is_true=False, minutes=minutes)
    later(shop, 14)
    later(shop, 15)
    assert [posted["state"] for posted in channel.posted] == ["raised", "resolved"]


def test_a_webhook_that_fails_for_a_while_gets_the_alert_once(shop, channel) -> None:
    channel.statuses[:] = [503, 429]
    alarm(shop)
    for minutes in (0, 2, 10, 30):
        later(shop, minutes)
    assert len(channel.posted) == 3
    assert kinds(shop) == ["event_failed"]


@pytest.mark.parametrize("status", [404, 410, 301])
def test_a_webhook_that_refuses_for_good_or_redirects_is_reported_and_not_followed(
    status, shop, channel
) -> None:
    channel.statuses[:] = [status] * 200
    alarm(shop)
    for minutes in (0, *range(60, 60 * 60, 60)):
        later(shop, minutes)
    assert kinds(shop) == ["alert_not_sent", "event_failed"]
    assert count(shop, TeamPost) == 0


def test_an_alert_that_is_resolved_before_it_was_posted_is_not_posted(shop, channel) -> None:
    alarm(shop)
    with atomic(shop.id):
        alerts.resolve(shop.id, kind=AlertKind.EVENT_FAILED, subject="evt_1")
    post_alerts.post_alerts(shop.id)
    assert channel.posted == []
    assert count(shop, TeamPost) == 0


def test_a_shop_without_a_webhook_enqueues_nothing(shop, other_tenant) -> None:
    alarm(other_tenant)
    remove_team_webhook(shop.id, actor="operator:x")
    alarm(shop)
    assert (count(shop, TeamPost), count(other_tenant, TeamPost)) == (0, 0)


def test_the_worker_posts_by_itself(shop, channel) -> None:
    alarm(shop, "evt_swept")
    queue.post_alerts_to_teams(timestamp=0)
    assert [posted["subject"] for posted in channel.posted] == ["evt_swept"]


def test_the_emails_about_alerts_wait_for_no_webhook(make_brand, silent, mailbox: Mailbox) -> None:
    brand = make_brand(alert_email="patient@team.example")
    set_team_webhook(brand.id, silent.url, TeamWebhookFormat.JSON, actor="operator:x")
    alarm(brand)
    queue.send_alerts_to_teams(timestamp=0)
    assert [mail["To"] for mail in mailbox.received if mail["To"] == "patient@team.example"] != []
    assert silent.connections == 0


def test_a_webhook_that_never_replies_delays_no_post_of_another_shop(
    app, shop, other_tenant, channel, silent
) -> None:
    alarm(other_tenant)
    first = in_thread(app, lambda: queue.post_alerts_to_teams(timestamp=0))
    assert silent.connected.acquire(timeout=30)
    alarm(shop)
    queue.post_alerts_to_teams(timestamp=0)
    assert [posted["subject"] for posted in channel.posted] == ["evt_1"]
    assert silent.connections == 1
    silent.ended.set()
    first.join(30)


def test_one_test_of_a_webhook_at_a_time_occupies_a_web_process(app, shop, other_tenant, silent) -> None:
    first = in_thread(app, lambda: post_test(other_tenant.id))
    assert silent.connected.acquire(timeout=30)
    browser = sign_in(app, make_operator(shop))
    browser.submit(f"/dashboard/{shop.slug}/settings/team-webhook/test")
    assert "another test is under way" in browser.get(f"/dashboard/{shop.slug}/settings").text
    silent.ended.set()
    first.join(30)
    assert post_test(shop.id) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/x",
        "https://user:pass@hooks.slack.com/x",
        "https://hooks.slack.com/x#y",
        "https:///x",
        "ftp://hooks.slack.com/x",
        "https://hooks.slack.com:port/x",
        "https://hooks.slack.com:0/x",
        "https://hooks.slack.com:22/x",
        "https://hooks.slack.com:1023/x",
        "https://hooks.slack.com:65536/x",
        "https://hooks.slack.com/a b",
        "",
    ],
)
def test_a_url_that_is_not_https_hides_something_or_names_the_port_of_another_service_is_refused(
    url, tenant
) -> None:
    with pytest.raises(InvalidRequest):
        set_team_webhook(tenant.id, url, TeamWebhookFormat.TEXT, actor="operator:x")


@pytest.mark.parametrize("port", ["", ":443", ":1024", ":8443"])
def test_a_url_may_name_the_port_of_https_or_one_from_1024(port, tenant) -> None:
    set_team_webhook(
        tenant.id, f"https://hooks.slack.com{port}/x", TeamWebhookFormat.TEXT, actor="operator:x"
    )
    with atomic(tenant.id):
        assert tenants.get(tenant.id).team_webhook_host == "hooks.slack.com"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
def test_a_private_address_is_never_called(host, tenant) -> None:
    set_team_webhook(tenant.id, f"https://{host}/x", TeamWebhookFormat.TEXT, actor="operator:x")
    failure = post_test(tenant.id)
    assert failure is not None
    assert "not public" in failure


def test_the_url_is_in_no_log_audit_entry_or_page(app, shop, channel, capsys) -> None:
    channel.statuses[:] = [500]
    alarm(shop)
    post_alerts.post_alerts(shop.id)
    page = sign_in(app, make_operator(shop)).get(f"/dashboard/{shop.slug}/settings").text
    with atomic(shop.id):
        audited = [str(entry.details) for entry in db.session.execute(select(AuditEntry)).scalars()]
    assert "127.0.0.1" in page
    assert SECRET not in page + "".join(audited) + capsys.readouterr().err


def test_an_owner_sets_tests_and_removes_the_webhook_in_the_dashboard(app, tenant, channel) -> None:
    browser = sign_in(app, make_operator(tenant))
    path = f"/dashboard/{tenant.slug}/settings"
    assert browser.submit(f"{path}/team-webhook", url="http://nowhere", format="text").status_code == 303
    browser.submit(f"{path}/team-webhook", url=channel.url, format="text")
    browser.submit(f"{path}/team-webhook/test")
    assert [set(posted) for posted in channel.posted] == [{"text"}]
    assert "The test was accepted" in browser.get(path).text
    browser.submit(f"{path}/team-webhook/remove")
    assert "No webhook: alerts are sent by e-mail only." in browser.get(path).text
