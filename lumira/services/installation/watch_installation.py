"""Watches what an installation needs besides its programs: disks with room, and certificates that are valid."""

import time
from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom
from urllib.parse import urlsplit

from config.settings import Settings
from lumira.clients import certificates
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.stripe.setup import registrable_hosts
from lumira.models import AlertKind
from lumira.repositories.alerts import conditions
from lumira.repositories.tenants import tenants
from lumira.services.installation.disk import measure_disks
from lumira.services.program_errors.alert import alerted_tenant

#: A certificate is renewed a month before it expires: what is left after that is time to find out why it was not.
WARNED_BEFORE = timedelta(days=14)

#: Seconds after which no further certificate of a tenant is looked at in one run: silent hosts delay no other tenant.
_SECONDS_FOR_TENANT = 60.0

_configured: list[Settings] = []
_random = SystemRandom()


def configure(settings: Settings) -> None:
    """Watch the installation with these settings."""
    _configured[:] = [settings]


def watch_disks() -> None:
    """Raise or resolve an alert for each disk, at the tenant whose team operates the installation."""
    tenant_id = alerted_tenant()
    if tenant_id is None:
        return
    for disk in measure_disks(_configured[0]):
        with atomic(tenant_id):
            conditions.note(
                tenant_id,
                kind=AlertKind.DISK_LOW,
                subject=str(disk.folder),
                is_true=disk.is_low,
                free_bytes=disk.free,
                total_bytes=disk.total,
            )


def watch_certificates(
    tenant_id: int,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    seconds: float = _SECONDS_FOR_TENANT,
    **options: int,
) -> None:
    """Raise or resolve an alert for the certificate of each of the tenant's public domains.

    What is left after so many seconds is looked at in a later run: the domains come in another order each time.
    That of `PUBLIC_URL` belongs to the tenant whose team operates the installation.
    """
    public_url = _configured[0].public_url
    with atomic(tenant_id):
        domains = tenants.list_domains(tenant_id)
    public = urlsplit(public_url or "").hostname
    hosts = [host for host in registrable_hosts(None, domains) if host != public]
    _random.shuffle(hosts)
    if tenant_id == alerted_tenant():
        hosts = [*registrable_hosts(public_url, ()), *hosts]
    end = time.monotonic() + seconds
    for host in hosts:
        if is_stopping() or time.monotonic() > end:
            return
        note_certificate(tenant_id, host, **options)


def note_certificate(tenant_id: int, host: str, **options: int) -> None:
    """Raise the alert if the host's certificate expires within two weeks, or has expired; else resolve it.

    Nothing changes if it cannot be read now.
    """
    try:
        expires_at = certificates.read_expiry(host, **options)
    except certificates.CertificateExpired:
        ends, is_true = "expired", True
    else:
        if expires_at is None:
            return
        ends, is_true = expires_at.date().isoformat(), expires_at - utc_now() < WARNED_BEFORE
    with atomic(tenant_id):
        conditions.note(
            tenant_id, kind=AlertKind.CERTIFICATE_EXPIRES, subject=host, is_true=is_true, expires=ends
        )
