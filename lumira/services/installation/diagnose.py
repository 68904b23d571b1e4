"""Diagnose the installation: settings, database, worker, mail server, storage, and each tenant's account at Stripe."""

import io
from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from lumira import stripe_slots
from lumira.clients import smtp, storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import LumiraError
from lumira.repositories import tenants, worker_heartbeats
from lumira.services.installation.diagnose_tenant import diagnose_tenant
from lumira.services.installation.findings import Finding, fault, ok, warning
from lumira.services.installation.readiness import Readiness

_PROBE = b"A probe of `flask doctor`, which removes it."


def diagnose(
    settings: Settings, *, events: Iterable[str], only_tenant: int | None = None
) -> Iterator[Finding]:
    """Yield a finding for each thing that is checked, as it is found; `events` are the types that act.

    Of the tenants, all are checked, or `only_tenant`. Changes nothing, except that it stores, reads and removes a
    probe in the storage, among the files of `only_tenant` or of the first tenant.
    """
    yield from _check_settings(settings)
    # What waits for another service than Stripe keeps no request from its turn, however long that service takes.
    with stripe_slots.paused():
        missing = Readiness.of(settings).missing()
    for name in missing:
        yield fault("encryption keys" if name == "encryption_keys" else "database", name)
    if not set(missing) <= {"encryption_keys"}:
        return
    yield ok("database", "database_works")
    if not missing:
        yield ok("encryption keys", "encryption_keys_work")
    yield _check_worker()
    with stripe_slots.paused():
        mail = _check_mail(settings)
    yield mail
    tenant_ids = _list_tenants() if only_tenant is None else [only_tenant]
    with stripe_slots.paused():
        stored = _check_storage(settings, tenant_ids)
    yield stored
    for tenant_id in tenant_ids:
        yield from diagnose_tenant(tenant_id, public_url=settings.public_url, events=frozenset(events))


def _check_settings(settings: Settings) -> Iterator[Finding]:
    is_production = not settings.is_development
    warnings: list[Finding] = []
    if settings.public_url is None:
        warnings.append(warning("settings", "public_url_missing"))
    if is_production and settings.stripe_api_base is not None:
        detail = f"It is replaced by {settings.stripe_api_base}."
        warnings.append(warning("settings", "stripe_replaced", detail=detail))
    if is_production and not settings.rate_limits.enabled:
        warnings.append(warning("settings", "rate_limits_off"))
    if is_production and settings.redis_url is None:
        warnings.append(warning("settings", "redis_missing"))
    yield from warnings
    if not warnings:
        yield ok("settings", "settings_valid", environment=settings.environment)


def _check_worker() -> Finding:
    try:
        with atomic(None):
            last = worker_heartbeats.find_last()
    except SQLAlchemyError:
        return warning("worker", "heartbeat_unreadable")
    if last is None:
        return fault("worker", "worker_missing")
    silence = utc_now() - last
    if silence > worker_heartbeats.SILENT_AFTER:
        minutes = round(silence / timedelta(minutes=1))
        return fault("worker", "worker_silent", minutes=minutes)
    return ok("worker", "worker_runs", seconds=max(0, round(silence.total_seconds())))


def _check_mail(settings: Settings) -> Finding:
    if settings.smtp is None:
        if settings.is_development:
            outbox = settings.instance_path / "outbox"
            return ok("mail server", "mail_in_files", detail=f"They are in {outbox}.")
        return warning("mail server", "mail_not_sent")
    address = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        smtp.check(settings.smtp)
    except OSError as error:
        # Neither user nor password: smtplib quotes the server's reply only.
        return fault("mail server", "mail_refused", detail=f"{address} replies: {error}")
    return ok("mail server", "mail_works", detail=f"It is {address}.")


def _check_storage(settings: Settings, tenant_ids: list[int]) -> Finding:
    place = (
        f"the bucket {settings.s3.bucket}" if settings.s3.bucket else str(settings.instance_path / "files")
    )
    detail = f"Files are stored in {place}."
    if not tenant_ids:
        return ok("storage", "storage_untried", detail=detail)
    name = storage.new_name(tenant_ids[0])
    try:
        storage.put(name, io.BytesIO(_PROBE), content_type="text/plain")
        is_equal = b"".join(storage.read(name)) == _PROBE
        storage.delete(name)
    except LumiraError as error:
        why = error.details.get("why")
        return fault(
            "storage",
            "storage_fails",
            detail=f"{detail} {error.message}{f' ({why})' if why else ''}",
        )
    if not is_equal:
        return fault("storage", "storage_differs", detail=detail)
    return ok("storage", "storage_works", detail=detail)


def _list_tenants() -> list[int]:
    with atomic(None):
        return tenants.list_ids()
