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

#: What is missing in the database, and how to mend it.
_REMEDIES = {
    "database": (
        "It cannot be reached.",
        "Check that PostgreSQL runs, and DATABASE_URL; the log has the driver's message.",
    ),
    "write_access": ("It is read-only.", "Point DATABASE_URL to the primary server, or free its disk."),
    "role": ("The session has another role than lumira_app.", "Grant the role to the login of DATABASE_URL."),
    "privileges": (
        "The role cannot read a table.",
        "Restore the privileges: run `flask db upgrade` as the owner.",
    ),
    "migrations": ("A migration is missing.", "Run `flask db upgrade`."),
    "encryption_keys": (
        "LUMIRA_ENCRYPTION_KEYS does not decrypt the stored credentials.",
        "Add the key that encrypted them, or enter them again with `flask tenants stripe`.",
    ),
}


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
        message, remedy = _REMEDIES[name]
        yield fault("encryption keys" if name == "encryption_keys" else "database", message, remedy)
    if not set(missing) <= {"encryption_keys"}:
        return
    yield ok("database", "It can be written, and all migrations have run.")
    if not missing:
        yield ok("encryption keys", "They decrypt every stored credential.")
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
        warnings.append(
            warning("settings", "PUBLIC_URL is not set: messages contain no links.", "Set PUBLIC_URL.")
        )
    if is_production and settings.stripe_api_base is not None:
        warnings.append(
            warning(
                "settings",
                "Stripe is replaced: no money moves.",
                "Unset STRIPE_API_BASE.",
                detail=f"It is replaced by {settings.stripe_api_base}.",
            )
        )
    if is_production and not settings.rate_limits.enabled:
        warnings.append(warning("settings", "Rate limits are off.", "Unset RATE_LIMITS."))
    if is_production and settings.redis_url is None:
        warnings.append(
            warning(
                "settings",
                "REDIS_URL is not set: each web process counts rate limits for itself.",
                "Set REDIS_URL if several processes run.",
            )
        )
    yield from warnings
    if not warnings:
        yield ok("settings", f"They are valid, for {settings.environment}.")


def _check_worker() -> Finding:
    try:
        with atomic(None):
            last = worker_heartbeats.find_last()
    except SQLAlchemyError:
        return warning("worker", "Its heartbeat cannot be read.", "Run `flask db upgrade`.")
    if last is None:
        return fault("worker", "No worker runs: events and messages wait.", "Start `flask worker`.")
    silence = utc_now() - last
    if silence > worker_heartbeats.SILENT_AFTER:
        minutes = round(silence / timedelta(minutes=1))
        return fault(
            "worker",
            f"The last worker was heard {minutes} minutes ago.",
            "Start `flask worker`, and read its log.",
        )
    return ok("worker", f"A worker reported {max(0, round(silence.total_seconds()))} seconds ago.")


def _check_mail(settings: Settings) -> Finding:
    if settings.smtp is None:
        if settings.is_development:
            outbox = settings.instance_path / "outbox"
            return ok("mail server", "Messages are written to files.", detail=f"They are in {outbox}.")
        return warning(
            "mail server",
            "Messages are written to files instead of being sent.",
            "Set SMTP_URL to a mail server.",
        )
    address = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        smtp.check(settings.smtp)
    except OSError as error:
        # Neither user nor password: smtplib quotes the server's reply only.
        return fault(
            "mail server",
            "It does not accept the connection.",
            "Check SMTP_URL.",
            detail=f"{address} replies: {error}",
        )
    return ok("mail server", "It accepts the connection and the login.", detail=f"It is {address}.")


def _check_storage(settings: Settings, tenant_ids: list[int]) -> Finding:
    place = (
        f"the bucket {settings.s3.bucket}" if settings.s3.bucket else str(settings.instance_path / "files")
    )
    detail = f"Files are stored in {place}."
    if not tenant_ids:
        return ok("storage", "There is no tenant to try it with.", detail=detail)
    name = storage.new_name(tenant_ids[0])
    try:
        storage.put(name, io.BytesIO(_PROBE), content_type="text/plain")
        is_equal = b"".join(storage.read(name)) == _PROBE
        storage.delete(name)
    except LumiraError as error:
        why = error.details.get("why")
        return fault(
            "storage",
            "A file cannot be stored.",
            "Check S3_BUCKET and its credentials, or the folder's owner and free space.",
            detail=f"{detail} {error.message}{f' ({why})' if why else ''}",
        )
    if not is_equal:
        message = "A file is not what was stored."
        return fault("storage", message, "Check the storage service.", detail=detail)
    return ok("storage", "A file was stored, read and removed.", detail=detail)


def _list_tenants() -> list[int]:
    with atomic(None):
        return tenants.list_ids()
