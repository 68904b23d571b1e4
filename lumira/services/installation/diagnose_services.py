"""Diagnose what Lumira uses besides the database and Stripe: mail server, storage, Redis and disks."""

import io
from collections.abc import Iterator
from email.utils import parseaddr

from config.settings import Settings
from lumira.clients import redis_server, smtp, storage
from lumira.errors import LumiraError
from lumira.services.installation.disk import Disk, measure_disks
from lumira.services.installation.findings import Finding, fault, ok, warning

_MAIL, _STORAGE, _REDIS, _DISK = "mail server", "storage", "Redis", "disk"
_PROBE = b"A probe of `flask doctor`, which removes it."
_GIGABYTE = 1_000_000_000


def diagnose_mail(settings: Settings) -> Iterator[Finding]:
    """Yield whether the mail server accepts the login and the sender; sends no message."""
    if settings.smtp is None:
        if settings.is_development:
            outbox = settings.instance_path / "outbox"
            yield ok(_MAIL, "mail_in_files", detail=f"They are in {outbox}.")
        else:
            yield warning(_MAIL, "mail_not_sent")
        return
    address = f"{settings.smtp.host}:{settings.smtp.port}"
    sender = parseaddr(settings.mail_from)[1]
    domain = sender.rpartition("@")[2]
    try:
        smtp.check(settings.smtp, sender=sender)
    except smtp.SenderRefused as error:
        yield ok(_MAIL, "mail_works", detail=f"It is {address}.")
        yield fault(_MAIL, "sender_refused", sender=sender, detail=f"{address} replies: {error}")
    except smtp.RecipientRefused as error:
        yield ok(_MAIL, "mail_works", detail=f"It is {address}.")
        yield warning(_MAIL, "sender_mailbox_refused", sender=sender, detail=f"{address} replies: {error}")
    except OSError as error:
        # Neither user nor password: smtplib quotes the server's reply only.
        yield fault(_MAIL, "mail_refused", detail=f"{address} replies: {error}")
    else:
        yield ok(_MAIL, "mail_works", detail=f"It is {address}.")
        yield ok(_MAIL, "sender_accepted", sender=sender, domain=domain)


def diagnose_storage(settings: Settings, tenant_ids: list[int]) -> Finding:
    """Store, read and remove a probe among the files of the first of the tenants; return whether it worked."""
    place = (
        f"the bucket {settings.s3.bucket}" if settings.s3.bucket else str(settings.instance_path / "files")
    )
    detail = f"Files are stored in {place}."
    if not tenant_ids:
        return ok(_STORAGE, "storage_untried", detail=detail)
    name = storage.new_name(tenant_ids[0])
    try:
        storage.put(name, io.BytesIO(_PROBE), content_type="text/plain")
        is_equal = b"".join(storage.read(name)) == _PROBE
        storage.delete(name)
    except LumiraError as error:
        why = error.details.get("why")
        return fault(
            _STORAGE,
            "storage_fails",
            detail=f"{detail} {error.message}{f' ({why})' if why else ''}",
        )
    if not is_equal:
        return fault(_STORAGE, "storage_differs", detail=detail)
    return ok(_STORAGE, "storage_works", detail=detail)


def diagnose_redis(settings: Settings) -> Iterator[Finding]:
    """Yield whether Redis responds; nothing if none is set, which the line about the settings says."""
    if settings.redis_url is None:
        return
    yield (
        ok(_REDIS, "redis_works")
        if redis_server.responds(settings.redis_url)
        else warning(_REDIS, "redis_fails")
    )


def diagnose_disks(settings: Settings) -> Iterator[Finding]:
    """Yield how much is free on each disk that can be seen from here."""
    for disk in measure_disks(settings):
        yield describe_disk(disk)


def describe_disk(disk: Disk) -> Finding:
    """Return whether enough of a disk is free."""
    free, total = map(_in_gigabytes, (disk.free, disk.total))
    detail = f"It is the disk of {disk.folder}."
    if disk.is_low:
        return fault(_DISK, "disk_low", free=free, total=total, detail=detail)
    return ok(_DISK, "disk_free", free=free, total=total, detail=detail)


def _in_gigabytes(size: int) -> str:
    return f"{size / _GIGABYTE:.1f}" if size < 10 * _GIGABYTE else f"{size / _GIGABYTE:.0f}"
