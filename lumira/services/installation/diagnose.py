"""Diagnose the installation: settings, database, worker, services and disks, and each tenant's account at Stripe."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from config import database_url
from config.settings import Settings
from lumira import stripe_slots
from lumira.clients import stripe_client
from lumira.database import atomic
from lumira.repositories.tenants import tenants
from lumira.services.checkout.call_stripe import LARGEST_CLOCK_DIFFERENCE
from lumira.services.installation import diagnose_database, diagnose_services, diagnose_work
from lumira.services.installation.diagnose_crm import diagnose_crm
from lumira.services.installation.diagnose_public_address import diagnose_public_address
from lumira.services.installation.diagnose_tenant import KEY, diagnose_tenant
from lumira.services.installation.findings import Finding, Level, ok, warning
from lumira.services.installation.readiness import Readiness


def diagnose(
    settings: Settings, *, events: Iterable[str], only_tenant: int | None = None
) -> Iterator[Finding]:
    """Yield a finding for each thing that is checked, as it is found; `events` are the types that act.

    Of the tenants, all are checked, or `only_tenant`. Changes nothing, except that it stores and removes probes: in the
    storage, among the files of `only_tenant` or of the first tenant, and in the database, of the public address.
    """
    yield from _check_settings(settings)
    readiness = diagnose_database.diagnose_readiness(Readiness.of(settings))
    yield from readiness
    missing = {finding.code for finding in readiness if finding.level is Level.FAULT}
    if not missing <= {"encryption_keys", "database_version_old"}:
        return
    tenant_ids = _list_tenants() if only_tenant is None else [only_tenant]
    if "encryption_keys" not in missing:
        yield diagnose_database.diagnose_secrets(tenant_ids)
    yield diagnose_work.diagnose_worker()
    yield diagnose_work.diagnose_retention()
    yield from diagnose_work.diagnose_reservations(tenant_ids)
    # What waits for another service than Stripe keeps no request from its turn, however long that service takes.
    with stripe_slots.paused():
        of_services = [
            *diagnose_services.diagnose_mail(settings),
            diagnose_services.diagnose_storage(settings, tenant_ids),
            *diagnose_services.diagnose_redis(settings),
            *diagnose_services.diagnose_disks(settings),
        ]
    yield from of_services
    has_called = False
    for tenant_id in tenant_ids:
        yield from diagnose_work.diagnose_chains(tenant_id)
        yield from diagnose_crm(tenant_id)
        yield from diagnose_public_address(tenant_id, public_url=settings.public_url)
        for finding in diagnose_tenant(tenant_id, public_url=settings.public_url, events=frozenset(events)):
            has_called = has_called or (finding.subject == KEY and finding.level is Level.OK)
            yield finding
    if has_called:
        yield _check_clock()


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
    if is_production and database_url.trusts_any_server(settings.database_url):
        warnings.append(warning("settings", "database_unverified"))
    yield from warnings
    if not warnings:
        yield ok("settings", "settings_valid", environment=settings.environment)


def _check_clock() -> Finding:
    """Compare the clocks, as the newest response of Stripe shows them."""
    ahead = stripe_client.clock_difference()
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= LARGEST_CLOCK_DIFFERENCE:
        return ok("clock", "clock_agrees", seconds=seconds)
    code = "clock_behind" if ahead > timedelta() else "clock_ahead"
    return warning("clock", code, seconds=seconds)


def _list_tenants() -> list[int]:
    with atomic(None):
        return tenants.list_active_ids()
