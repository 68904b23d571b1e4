"""Each line of `flask doctor`, broken and mended."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet

from config.settings import Settings
from config.smtp_server import SmtpServer
from lumira import encryption
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.stripe.permissions import PERMISSIONS
from lumira.models import KeyKind
from lumira.reconciliation import reconcile
from lumira.services.audit import seal_entries
from lumira.services.chains import heads
from lumira.services.installation.diagnose_database import describe_version
from lumira.services.installation.diagnose_services import describe_disk
from lumira.services.installation.disk import Disk, measure_disks
from lumira.services.tenants.manage_keys import create_key
from lumira.webhooks import refusals
from tests.integration.cli.conftest import RunFlask
from tests.support import stripe_events, stripe_sandbox
from tests.support.dashboard import make_operator
from tests.support.database_owner import database_owner
from tests.support.doctor import PERMITTED, report, restrict
from tests.support.factories import Brand, open_cart, open_payment
from tests.support.mail_server import PASSWORD, USER, Mailbox, running
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("app_context")

GIGABYTE = 1_000_000_000


def execute(statement: str, tenant_id: int | None = None, **values: Any) -> None:
    with atomic(tenant_id):
        db.session.execute(db.text(statement), values)


def as_owner(settings: Settings, statement: str) -> None:
    with database_owner(settings) as connection:
        connection.execute(statement)


def test_the_report_is_one_object_with_the_worst_status_and_a_remedy_for_each_fault(app, tenant) -> None:
    printed = report(app, tenant)
    assert printed["status"] == "fault"
    keys = ["line", "tenant", "status", "code", "message", "detail", "remedy"]
    assert [list(finding) for finding in printed["findings"]] == [keys] * len(printed["findings"])
    statuses = {finding["status"] for finding in printed["findings"]}
    assert statuses == {"ok", "warning", "fault"}
    assert all(finding["remedy"] for finding in printed["findings"] if finding["status"] != "ok")
    worker = next(finding for finding in printed["findings"] if finding["line"] == "worker")
    assert worker == {
        "line": "worker",
        "tenant": None,
        "status": "fault",
        "code": "worker_missing",
        "message": "No worker runs: events and messages wait.",
        "detail": None,
        "remedy": "Start `flask worker`.",
    }


def test_settings_that_endanger_an_installation_are_named(doctor, configure) -> None:
    assert set(doctor()["settings"]) == {
        "public_url_missing",
        "stripe_replaced",
        "rate_limits_off",
        "redis_missing",
    }
    configure(public_url="https://pay.lumira.test", environment="development")
    assert doctor()["settings"] == ["settings_valid"]


def test_a_database_across_a_network_that_need_not_prove_who_it_is_is_named(doctor, configure) -> None:
    # The application keeps its connection: only what the setting says is checked.
    configure(database_url="postgresql+psycopg://lumira_web:x@db.internal/lumira")
    assert "database_unverified" in doctor()["settings"]
    configure(database_url="postgresql+psycopg://lumira_web:x@db.internal/lumira?sslmode=verify-full")
    assert "database_unverified" not in doctor()["settings"]


def test_a_missing_migration_is_named_and_the_rest_is_not_tried(doctor, settings) -> None:
    as_owner(settings, "CREATE TABLE kept_version AS SELECT * FROM alembic_version")
    as_owner(settings, "UPDATE alembic_version SET version_num = '0001_first'")
    try:
        found = doctor()
        assert (found["database"], set(found)) == (["migrations"], {"settings", "database"})
    finally:
        as_owner(settings, "UPDATE alembic_version SET version_num = (SELECT version_num FROM kept_version)")
        as_owner(settings, "DROP TABLE kept_version")
    assert doctor()["database"] == ["database_works", "database_version"]


def test_a_table_that_the_role_may_not_read_is_named(doctor, settings) -> None:
    as_owner(settings, "REVOKE SELECT ON alerts FROM lumira_app")
    try:
        assert doctor()["database"] == ["privileges"]
    finally:
        as_owner(settings, "GRANT SELECT ON alerts TO lumira_app")
    assert doctor()["database"] == ["database_works", "database_version"]


def test_a_database_that_does_not_respond_is_named(doctor, configure) -> None:
    configure(database_url="postgresql+psycopg://lumira@127.0.0.1:1/lumira")
    assert doctor()["database"] == ["database"]


def test_the_reason_why_the_database_does_not_respond_is_printed_without_its_password(
    app, tenant, configure
) -> None:
    configure(database_url="postgresql+psycopg://lumira:s3cret-w0rd@127.0.0.1:1/lumira")
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert (
        'It cannot be reached. connection failed: connection to server at "127.0.0.1", port 1'
        in result.output
    )
    assert "s3cret-w0rd" not in result.output


@pytest.mark.parametrize(
    ("version", "code"),
    [((14, 13), "database_version_old"), ((15, 0), "database_version"), ((18, 1), "database_version")],
)
def test_a_server_that_is_too_old_is_named(version, code) -> None:
    assert describe_version(version).code == code


def test_keys_that_decrypt_no_stripe_key_are_named(doctor, settings) -> None:
    encryption.configure((Fernet.generate_key().decode(),))
    try:
        assert doctor()["encryption keys"] == ["encryption_keys"]
    finally:
        encryption.configure(settings.encryption_keys)
    assert doctor()["encryption keys"] == ["encryption_keys_work"]


def test_keys_that_do_not_decrypt_an_operators_codes_are_named(doctor, settings, make_brand) -> None:
    brand = make_brand(stripe=False)
    encryption.configure((Fernet.generate_key().decode(),))
    make_operator(brand)
    encryption.configure(settings.encryption_keys)
    assert doctor(brand)["encryption keys"] == ["secrets_unreadable"]
    execute("UPDATE operator_roles SET removed_at = now()", brand.id)
    assert doctor(brand)["encryption keys"] == ["encryption_keys_work"]


def test_a_heartbeat_that_cannot_be_read_is_named(doctor, settings, worker) -> None:
    as_owner(settings, "REVOKE SELECT ON procrastinate_workers FROM lumira_app")
    try:
        assert doctor()["worker"] == ["heartbeat_unreadable"]
    finally:
        as_owner(settings, "GRANT SELECT ON procrastinate_workers TO lumira_app")
    assert doctor()["worker"] == ["worker_runs"]


def test_a_worker_that_fell_silent_is_named(doctor, worker) -> None:
    with time_machine.travel(utc_now() + timedelta(minutes=5)):
        assert doctor()["worker"] == ["worker_silent"]
    assert doctor()["worker"] == ["worker_runs"]


@pytest.fixture
def ran(app_context: None) -> Iterator[Callable[[timedelta, str], None]]:
    """Note a run of the removal of old rows, so long ago, whose job ended in a state."""

    def note(ago: timedelta, status: str) -> None:
        at = (utc_now() - ago).timestamp()
        execute("DELETE FROM procrastinate_periodic_defers")
        execute(
            "WITH job AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
            "VALUES ('lumira', 'remove_expired', CAST(:status AS procrastinate_job_status)) RETURNING id) "
            "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, job_id) "
            "SELECT 'remove_expired', :at, id FROM job",
            status=status,
            at=int(at),
        )

    yield note
    execute("DELETE FROM procrastinate_periodic_defers")
    execute("DELETE FROM procrastinate_jobs")


def test_old_rows_that_nothing_removes_are_named(doctor, ran) -> None:
    assert doctor()["retention"] == ["retention_new"]
    with time_machine.travel(utc_now() + timedelta(hours=4)):
        assert doctor()["retention"] == ["retention_never_ran"]
    ran(timedelta(hours=4), "succeeded")
    assert doctor()["retention"] == ["retention_late"]
    ran(timedelta(minutes=30), "failed")
    assert doctor()["retention"] == ["retention_failed"]
    ran(timedelta(minutes=30), "succeeded")
    assert doctor()["retention"] == ["retention_runs"]


def test_units_whose_reservation_ended_long_ago_are_named(doctor, tenant) -> None:
    open_cart(tenant, {"shirt": 1})
    with time_machine.travel(utc_now() + timedelta(hours=3)):
        assert doctor()["reservations"] == ["reservations_overdue"]
    assert doctor()["reservations"] == ["reservations_end"]


def test_an_audit_log_without_a_head_or_with_another_one_is_named(doctor, tenant) -> None:
    assert doctor()["audit log"] == ["chain_new"]
    create_key(tenant.id, KeyKind.SECRET, actor="test")
    seal_entries.seal_all(tenant.id)
    with time_machine.travel(utc_now() + timedelta(days=3)):
        assert doctor()["audit log"] == ["chain_late"]
        heads.store_heads(tenant.id)
        assert doctor()["audit log"] == ["chain_agrees"]


def test_entries_with_earlier_dates_than_the_tenant_are_not_reported_as_late(doctor, tenant) -> None:
    with time_machine.travel(utc_now() - timedelta(days=12)):
        create_key(tenant.id, KeyKind.SECRET, actor="test")
        seal_entries.seal_all(tenant.id)
    assert doctor()["audit log"] == ["chain_new"]


def test_an_audit_log_that_was_written_anew_is_named(doctor, settings, tenant) -> None:
    create_key(tenant.id, KeyKind.SECRET, actor="test")
    seal_entries.seal_all(tenant.id)
    heads.store_heads(tenant.id)
    rewrite = f"UPDATE audit_links SET digest = sha256('another') WHERE tenant_id = {tenant.id}"  # noqa: S608 - an id
    as_owner(settings, rewrite)
    assert doctor()["audit log"] == ["chain_differs"]


def test_a_sender_that_the_mail_server_refuses_is_named(doctor, configure) -> None:
    mailbox = Mailbox()
    with running(mailbox) as port:
        configure(smtp=SmtpServer("127.0.0.1", port, "never"), mail_from="Lumira <shop@example.com>")
        mailbox.to_sender.append("553 5.7.1 Sender address rejected: not owned by user")
        assert doctor()["mail server"] == ["mail_works", "sender_refused"]
        mailbox.to_recipient.append("550 5.1.1 No such user")
        assert doctor()["mail server"] == ["mail_works", "sender_mailbox_refused"]
        assert doctor()["mail server"] == ["mail_works", "sender_accepted"]
    assert set(mailbox.recipients) == {"shop@example.com"}
    assert mailbox.received == []
    assert doctor()["mail server"] == ["mail_refused"]


def test_messages_that_are_not_sent_are_a_warning_in_production(doctor, configure) -> None:
    assert doctor()["mail server"] == ["mail_not_sent"]
    configure(environment="development")
    assert doctor()["mail server"] == ["mail_in_files"]


def test_a_mail_server_that_refuses_the_password_is_named(app, tenant, configure) -> None:
    mailbox = Mailbox()
    options = {"authenticator": mailbox.authenticate, "auth_require_tls": False}
    with running(mailbox, **options) as port:
        configure(smtp=SmtpServer("127.0.0.1", port, "never", USER, "another-password"))
        [mail] = [each for each in report(app, tenant)["findings"] if each["line"] == "mail server"]
        assert (mail["code"], "another-password" in str(mail)) == ("mail_refused", False)
        configure(smtp=SmtpServer("127.0.0.1", port, "never", USER, PASSWORD))
        mail, _ = [each for each in report(app, tenant)["findings"] if each["line"] == "mail server"]
        assert mail["code"] == "mail_works"


def test_a_storage_that_stores_nothing_is_named(doctor, settings) -> None:
    files = settings.instance_path / "files"
    kept = files.with_name("kept")
    if files.exists():
        files.rename(kept)
    files.write_text("A file where the folder should be.")
    try:
        found = doctor()
        assert (found["storage"], found["audit log"]) == (["storage_fails"], ["chain_unknown"])
    finally:
        files.unlink()
        if kept.exists():
            kept.rename(files)
    assert doctor()["storage"] == ["storage_works"]


def test_a_redis_that_does_not_respond_is_named(doctor, configure, tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    configure(redis_url=server.url)
    assert doctor()["Redis"] == ["redis_fails"]
    server.start()
    try:
        assert doctor()["Redis"] == ["redis_works"]
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("free", "total", "code"),
    [
        (0.9 * GIGABYTE, 5 * GIGABYTE, "disk_low"),
        (9 * GIGABYTE, 100 * GIGABYTE, "disk_low"),
        (11 * GIGABYTE, 100 * GIGABYTE, "disk_free"),
    ],
)
def test_a_disk_that_is_nearly_full_is_named(free, total, code) -> None:
    assert describe_disk(Disk(Path("/var/lib/lumira"), int(free), int(total))).code == code


def test_the_disk_of_the_instance_is_measured_once(settings, doctor) -> None:
    [disk] = measure_disks(settings)
    assert 0 < disk.free <= disk.total
    assert len(doctor()["disk"]) == 1


@pytest.mark.parametrize(("offset", "code"), [(90, "clock_behind"), (-90, "clock_ahead")])
def test_a_clock_that_differs_from_stripes_is_named(doctor, tenant, offset, code) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"clock_offset_s": offset})
    assert doctor()["clock"] == [code]
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"clock_offset_s": 0})
    assert doctor()["clock"] == ["clock_agrees"]


def test_a_live_key_beside_a_test_key_is_named(doctor, tenant) -> None:
    change = "UPDATE tenants SET stripe_publishable_key = replace(stripe_publishable_key, :old, :new)"
    execute(change, tenant.id, old="pk_test_", new="pk_live_")
    assert doctor()["publishable key"] == ["modes_mixed"]
    execute(change, tenant.id, old="pk_live_", new="pk_test_")
    assert doctor()["publishable key"] == ["publishable_key_set"]


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ("payment_intents:write", "payment_intents"),
        ("checkout_sessions:write", "checkout_sessions"),
        ("customers:write", "customers"),
        ("refunds:write", "charges"),
        ("charges:read", "charges"),
        ("disputes:write", "disputes"),
        ("early_fraud_warnings:read", "fraud_warnings"),
        ("balance_transactions:read", "balance_transactions"),
        ("payouts:read", "payouts"),
        ("events:read", "events"),
        ("webhook_endpoints:write", "webhook_endpoints"),
        ("payment_method_domains:write", "domains"),
    ],
)
def test_a_permission_that_a_restricted_key_lacks_is_named_in_words(app, tenant, lacking, code) -> None:
    # One that may only read must be told from one that may write.
    rest = [each for each in PERMITTED if each != lacking]
    restrict(tenant, [*rest, lacking.replace("write", "read")] if lacking.endswith("write") else rest)
    [missing] = [each for each in report(app, tenant)["findings"] if each["code"].startswith("key_lacks_")]
    [permission] = [each for each in PERMISSIONS if each.code == code]
    assert missing["code"] == f"key_lacks_{code}"
    assert permission.name in missing["message"]
    assert (missing["status"] == "fault") == permission.stops_sales


def test_a_restricted_key_with_every_permission_is_ok_and_trying_it_changes_nothing(doctor, tenant) -> None:
    restrict(tenant, list(PERMITTED))
    assert doctor()["Stripe key"] == ["key_test", "key_has_permissions"]
    for path in ("payment_intents", "customers", "refunds", "webhook_endpoints", "events"):
        assert stripe_sandbox.call(tenant, "GET", f"/v1/{path}")["data"] == []


def test_a_delivery_that_no_secret_fits_is_named_until_one_is_verified(doctor, client, tenant) -> None:
    assert doctor()["deliveries"] == ["delivery_none"]
    refusals.forget()
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    path = f"/api/webhooks/stripe/{tenant.slug}"
    for secret, code in (("whsec_other", "delivery_refused"), (tenant.webhook_secret, "delivery_accepted")):
        client.post(path, data=body, headers={"Stripe-Signature": stripe_events.signature(body, secret)})
        assert doctor()["deliveries"] == [code]


def test_events_that_were_fetched_because_none_is_delivered_are_named(doctor, tenant) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with time_machine.travel(utc_now() + timedelta(minutes=10)):
        reconcile.recover_events(tenant.id)
    assert doctor()["deliveries"] == ["delivery_missing"]


def test_the_printed_lines_name_each_remedy_below_its_line(run_flask: RunFlask, tenant: Brand) -> None:
    printed = run_flask("doctor", "--tenant", tenant.slug, code=1).stdout.splitlines()
    place = printed.index("fault    worker: No worker runs: events and messages wait.")
    assert printed[place + 1] == "         Start `flask worker`."
