"""Hosts of a tenant that do not reply delay neither the removal of files nor other tenants' certificates."""

import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from lumira.clients import certificates
from lumira.database import atomic, db
from lumira.models import ContentKind, TenantDomain
from lumira.services.files.remove_files import tenants_with_files_to_remove
from lumira.services.files.upload_content import remove_content_file, upload_content
from lumira.services.installation import watch_installation
from lumira.tasks import upkeep
from tests.support import own_database, private_addresses, slow_server
from tests.support.app_threads import in_thread
from tests.support.factories import Brand
from tests.support.files import PDF, contain, upload_of
from tests.support.slow_server import SlowServer

pytestmark = pytest.mark.usefixtures("app_context")

# A run looks at the hosts of all tenants: in the database of the other tests there are hundreds.
settings, app = own_database.settings, own_database.app

HOSTS = {f"127.{number}": f"127.0.0.{number}" for number in range(1, 7)}


@pytest.fixture
def slow_shop(tenant: Brand) -> Iterator[Brand]:
    with atomic(tenant.id):
        db.session.add_all(TenantDomain(tenant_id=tenant.id, domain=host) for host in HOSTS)
    yield tenant
    # A domain belongs to one tenant: the next test adds them again.
    with atomic(tenant.id):
        db.session.execute(delete(TenantDomain).where(TenantDomain.domain.in_(HOSTS)))


def test_a_run_leaves_the_silent_hosts_of_a_tenant_to_later_runs_which_look_at_each(slow_shop) -> None:
    seen: set[str] = set()

    def reply_late(server: SlowServer, connection: socket.socket) -> None:
        seen.add(connection.getsockname()[0])
        server.ended.wait(0.1)

    with slow_server.running(reply_late) as server, private_addresses.allowed():
        watch_installation.watch_certificates(slow_shop.id, seconds=0.25, port=server.port)
        assert server.connections < len(HOSTS)
        for _ in range(100):
            watch_installation.watch_certificates(slow_shop.id, seconds=0.25, port=server.port)
            if seen >= set(HOSTS.values()):
                break
    assert seen >= set(HOSTS.values())


def test_files_are_removed_while_a_host_does_not_reply(
    app, slow_shop, other_tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    contain(other_tenant, "mystique", "carte", kind=ContentKind.CARD)
    upload_content(other_tenant.id, "mystique", "carte", upload_of(PDF, "carte.pdf"), actor="test")
    remove_content_file(other_tenant.id, "mystique", "carte", actor="test")
    assert other_tenant.id in tenants_with_files_to_remove()
    with slow_server.running() as server, private_addresses.allowed():
        monkeypatch.setattr(certificates, "_HTTPS", server.port)
        watching = in_thread(app, lambda: upkeep.watch_certificates(timestamp=0))
        assert server.connected.acquire(timeout=30)
        upkeep.remove_files(timestamp=0)
        assert other_tenant.id not in tenants_with_files_to_remove()
        server.ended.set()
        watching.join(60)
