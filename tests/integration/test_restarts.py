"""A web server that stops or restarts refuses and breaks no request that it accepted."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from config.settings import ROOT, Settings
from lumira.models import Order
from migrations.locks import repeated_while_locked
from tests.benchmarks.processes import wait_until
from tests.support.factories import Brand, count
from tests.support.load import Load, list_products, open_payment
from tests.support.nginx import nginx
from tests.support.stripe_sandbox import clear_faults, let_stripe_hang
from tests.support.web_servers import WebServer, running

pytestmark = pytest.mark.usefixtures("app_context")

#: Connections that wait to be accepted when the server is stopped.
WAITING = 5
GET_CATALOG = b"GET /api/products HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\n\r\n"


def test_a_stopping_server_refuses_new_connections_at_once_and_replies_to_a_sale_that_waits_for_stripe(
    settings: Settings, tenant: Brand, tmp_path: Path
) -> None:
    with running(settings, tmp_path) as server, ThreadPoolExecutor(1) as threads:
        let_stripe_hang(tenant)
        sale = threads.submit(open_payment, server.url, tenant)
        # Committed before Stripe is called.
        wait_until(lambda: count(tenant, Order) == 1, within=60, what="the order")
        server.process.send_signal(signal.SIGTERM)
        wait_until(server.is_refusing, within=30, what="connections to be refused")

        # The sale still waits; a proxy sends what comes now to another web server.
        assert not sale.done()
        clear_faults(tenant)
        assert sale.result().status_code == 200
        assert server.process.wait(60) == 0


def test_connections_that_came_before_the_stop_get_their_reply(
    settings: Settings, tenant: Brand, tmp_path: Path
) -> None:
    request = GET_CATALOG % tenant.publishable_key.encode()
    with running(settings, tmp_path) as server, ExitStack() as stack:
        worker = server.worker()
        # It accepts nothing meanwhile, as on a busy machine.
        os.kill(worker, signal.SIGSTOP)
        wait_until(lambda: _is_stopped(worker), within=30, what="all threads to stop")
        waiting = [stack.enter_context(server.connect()) for _ in range(WAITING)]
        for connection in waiting:
            connection.sendall(request)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _is_signalled(worker), within=30, what="the signal")
        os.kill(worker, signal.SIGCONT)

        replies = []
        for connection in waiting:
            reply = HTTPResponse(connection)
            reply.begin()
            replies.append(reply.status)
        assert replies == [200] * WAITING
        assert server.process.wait(60) == 0


def _is_stopped(process: int) -> bool:
    """Whether each thread of a process has stopped: one that has not could still take a signal."""
    threads = [status.read_text() for status in Path(f"/proc/{process}/task").glob("*/status")]
    return all("State:\tT" in status for status in threads)


def _is_signalled(process: int) -> bool:
    """Whether SIGTERM is pending for a process."""
    status = Path(f"/proc/{process}/status").read_text()
    [pending] = [line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd:")]
    return bool(int(pending, 16) & 1 << signal.SIGTERM - 1)


@contextmanager
def systemctl(directory: Path, servers: list[WebServer]) -> Iterator[dict[str, str]]:
    """A `systemctl` for the documented command that restarts these servers; yields the command's environment."""
    programs = directory / "programs"
    programs.mkdir()
    wanted, done = directory / "wanted", directory / "done"
    os.mkfifo(wanted)
    os.mkfifo(done)
    program = programs / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >{wanted}\nread code <{done}\nexit "$code"\n')
    program.chmod(0o755)
    units = {f"restart lumira-web@{server.port}": server for server in servers}

    def restart() -> None:
        while arguments := wanted.read_text().strip():
            done.write_text(f"{units[arguments].restart()}\n")

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "LUMIRA_WEB_PORTS": " ".join(str(server.port) for server in servers),
        }
    finally:
        wanted.write_text("\n")
        thread.join()


def restart_web(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy" / "restart-web"], env=variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def two_servers(settings: Settings, tmp_path: Path) -> Iterator[list[WebServer]]:
    with running(settings, tmp_path) as first, running(settings, tmp_path) as second:
        yield [first, second]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_no_request_fails_while_the_documented_command_restarts_the_web_servers(
    two_servers: list[WebServer], tenant: Brand, tmp_path: Path
) -> None:
    before = [server.process.pid for server in two_servers]
    with (
        nginx(tmp_path, *(server.address for server in two_servers)) as proxy,
        systemctl(tmp_path, two_servers) as variables,
    ):
        load = Load(f"https://127.0.0.1:{proxy.port}", tenant)
        with load.running():
            restarted = restart_web(variables)

    assert (restarted.returncode, restarted.stderr) == (0, "")
    assert all(server.process.pid not in before for server in two_servers)
    assert load.statuses == {200}
    assert '" 502 ' not in proxy.logs
    assert '" 503 ' not in proxy.logs


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_release_that_does_not_start_leaves_the_other_web_server_alone(
    two_servers: list[WebServer], tenant: Brand, tmp_path: Path
) -> None:
    broken, other = two_servers
    broken.variables["LUMIRA_ENCRYPTION_KEYS"] = "no key"
    before = other.process.pid
    with (
        nginx(tmp_path, broken.address, other.address) as proxy,
        systemctl(tmp_path, two_servers) as variables,
    ):
        restarted = restart_web(variables | {"READY_WITHIN": "3"})
        url = f"https://127.0.0.1:{proxy.port}"
        statuses = {list_products(url, tenant, verify=False).status_code for _ in range(8)}

    assert restarted.returncode == 1
    assert f"lumira-web@{broken.port} is not ready" in restarted.stderr
    assert other.process.pid == before
    assert statuses == {200}


#: What a release may do to tables that sales use, and how it is undone.
EXPANSION = (
    ("ALTER TABLE orders ADD COLUMN of_test text", "ALTER TABLE orders DROP COLUMN of_test"),
    ("ALTER TABLE webhook_events ADD COLUMN of_test text", "ALTER TABLE webhook_events DROP COLUMN of_test"),
    (
        "ALTER TABLE products ADD COLUMN of_test integer NOT NULL DEFAULT 0",
        "ALTER TABLE products DROP COLUMN of_test",
    ),
)


def test_no_request_fails_while_a_migration_changes_the_tables_that_sales_use(
    settings: Settings, tenant: Brand, tmp_path: Path
) -> None:
    engine = create_engine(settings.database_owner_url)
    with running(settings, tmp_path) as server, engine.connect() as owner:

        def change(statement: str) -> None:
            owner.execute(text(statement))
            owner.commit()

        load = Load(server.url, tenant)
        with load.running():
            for added, _ in EXPANSION:
                wait_until(load.has_progressed, within=60, what="replies")
                repeated_while_locked(owner, lambda added=added: change(added), pause=0.2)  # type: ignore[misc]
                assert requests.get(f"{server.url}/readyz", timeout=60).status_code == 200
            wait_until(load.has_progressed, within=60, what="replies")
        for _, removed in EXPANSION:
            change(removed)
    engine.dispose()

    assert load.statuses == {200}
