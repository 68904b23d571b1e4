"""Disks and certificates raise an alert in time, which resolves itself."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from config.settings import Settings
from lumira.clients import certificates, public_addresses
from lumira.database import atomic, db
from lumira.models import Alert
from lumira.repositories.alerts import alerts
from lumira.services.installation import disk, watch_installation
from lumira.services.program_errors.alert import alerted_tenant
from lumira.tasks import upkeep
from tests.support import own_database, private_addresses
from tests.support.factories import Brand

# The disk belongs to the oldest tenant, which is another one in the database of the other tests.
settings, app = own_database.settings, own_database.app

pytestmark = pytest.mark.usefixtures("app_context")


def certificate(folder: Path, *, days: float) -> Path:
    """Write a certificate of localhost that is valid for so many days, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{days}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], int]]:
    """Serve a trusted certificate that is valid for so many days on this machine; return the port."""
    sockets = []

    def serve(days: float) -> int:
        path = certificate(tmp_path, days=days)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def answer() -> None:
            while True:
                try:
                    with context.wrap_socket(listening.accept()[0], server_side=True):
                        pass
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        Thread(target=answer, daemon=True).start()
        return int(listening.getsockname()[1])

    with private_addresses.allowed():
        yield serve
    for each in sockets:
        each.close()


def open_alerts(brand: Brand) -> list[tuple[str, str]]:
    with atomic(brand.id):
        query = select(Alert.kind, Alert.subject).where(Alert.resolved_at.is_(None))
        return [(kind, subject) for kind, subject in db.session.execute(query)]


def note(brand: Brand, port: int, *, minutes: float = 0) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        watch_installation.note_certificate(brand.id, "localhost", port=port)
        with atomic(brand.id):
            for alert in alerts.claim_next(brand.id, until=datetime.now(UTC)):
                alerts.mark_notified(alert)


def test_a_certificate_that_expires_within_two_weeks_raises_an_alert_until_it_is_renewed(
    tenant, serve
) -> None:
    note(tenant, serve(13))
    assert open_alerts(tenant) == [("certificate_expires", "localhost")]
    note(tenant, serve(80), minutes=360)
    assert open_alerts(tenant) == []


def test_a_certificate_that_is_valid_for_longer_raises_nothing(tenant, serve) -> None:
    note(tenant, serve(15))
    assert open_alerts(tenant) == []


def test_an_expired_certificate_raises_the_alert_too(tenant, serve) -> None:
    note(tenant, serve(-1))
    assert open_alerts(tenant) == [("certificate_expires", "localhost")]


def test_what_cannot_be_reached_or_is_private_is_neither_raised_nor_resolved(tenant, serve) -> None:
    note(tenant, serve(13))
    note(tenant, 1, minutes=360)
    port = serve(80)
    public_addresses.configure(is_development=False)
    note(tenant, port, minutes=720)
    assert certificates.read_expiry("localhost", port=port) is None
    assert open_alerts(tenant) == [("certificate_expires", "localhost")]


def test_the_handshake_reads_the_end_of_the_certificate(serve) -> None:
    expires_at = certificates.read_expiry("localhost", port=serve(13))
    assert expires_at is not None
    assert abs(expires_at - datetime.now(UTC) - dt.timedelta(days=13)) < timedelta(minutes=5)


def test_a_disk_that_is_almost_full_alerts_the_team_of_the_installation_until_it_has_room(
    settings: Settings, make_brand, monkeypatch
) -> None:
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    first = make_brand()
    operators = alerted_tenant()
    assert operators is not None
    monkeypatch.setattr(disk, "_LEAST_SHARE", 1.1)
    upkeep.watch_disks(timestamp=0)
    with atomic(operators):
        [alert] = db.session.execute(select(Alert).where(Alert.kind == "disk_low")).scalars()
        assert alert.resolved_at is None
        assert alert.details["free_bytes"] > 0
    monkeypatch.undo()
    upkeep.watch_disks(timestamp=0)
    with atomic(operators):
        [alert] = db.session.execute(select(Alert).where(Alert.kind == "disk_low")).scalars()
        assert alert.resolved_at is not None
    others = [brand for brand in (first, make_brand()) if brand.id != operators]
    assert [open_alerts(brand) for brand in others] == [[]] * len(others)
