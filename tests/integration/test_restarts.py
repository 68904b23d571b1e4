"""A web server that stops or restarts refuses and breaks no request that it accepted."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from config.settings import ROOT, Settings
from lumira.models import Order
from tests.benchmarks.processes import (
    GUNICORN,
    free_address,
    start,
    stop,
    wait_until,
    wait_until_responding,
)
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.nginx import HOST, Proxy, nginx
from tests.support.stripe_sandbox import call, clear_faults
from tests.support.web_process import environment

pytestmark = pytest.mark.usefixtures("app_context")

#: Requests of each kind that are made during a restart, at least.
FEWEST = 60
#: Connections that wait to be accepted when the server is stopped.
WAITING = 5
GET_CATALOG = b"GET /api/products HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\n\r\n"


class WebServer:
    """Gunicorn at an address that it keeps, also when it is started again."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.address = free_address()
        self.variables = environment(settings) | {"BIND": self.address, "TRUSTED_PROXIES": "1"}
        self._log = directory / f"web-{self.port}.log"
        self.process = self._start()

    @property
    def port(self) -> int:
        return int(self.address.partition(":")[2])

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def _start(self) -> subprocess.Popen[bytes]:
        return start([*GUNICORN, "wsgi:app"], self.variables, self._log)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def is_refusing(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def worker(self) -> int:
        """The id of the one process that serves requests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def restart(self) -> int:
        """Do what `systemctl restart` does; return the exit code of the process that was stopped."""
        code = stop(self.process)
        self.process = self._start()
        return code


@contextmanager
def running(settings: Settings, directory: Path) -> Iterator[WebServer]:
    server = WebServer(settings, directory)
    try:
        wait_until_responding(server.address)
        yield server
    finally:
        stop(server.process)


def let_stripe_hang(brand: Brand) -> None:
    call(brand, "POST", "/sandbox/faults", json={"latency_ms": 600_000})


def open_payment(url: str, brand: Brand, **options: object) -> requests.Response:
    key = str(uuid4())
    return requests.post(
        f"{url}/api/payments/create-payment-intent",
        json={"productId": "mystique", "customerEmail": f"{key[:8]}@example.com"},
        headers=brand.secret | {"Idempotency-Key": key, "Host": HOST},
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


def deliver(url: str, brand: Brand, **options: object) -> requests.Response:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret), "Host": HOST}
    return requests.post(
        f"{url}/api/webhooks/stripe/{brand.slug}",
        data=body,
        headers=headers,
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


def list_products(url: str, brand: Brand, **options: object) -> requests.Response:
    headers = brand.publishable | {"Host": HOST}
    return requests.get(f"{url}/api/products", headers=headers, timeout=60, **options)  # type: ignore[arg-type]


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


class Load:
    """Callers that repeat one request each until they are stopped."""

    def __init__(self, proxy: Proxy, brand: Brand) -> None:
        self._calls = (list_products, deliver, open_payment)
        self._url = f"https://127.0.0.1:{proxy.port}"
        self._brand = brand
        self._ended = threading.Event()
        #: Of each reply the status, by the name of its call.
        self.replies: dict[str, list[int]] = {call.__name__: [] for call in self._calls}

    def _repeat(self, call: Callable[..., requests.Response]) -> None:
        statuses = self.replies[call.__name__]
        while not self._ended.is_set() or len(statuses) < FEWEST:
            statuses.append(call(self._url, self._brand, verify=False).status_code)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(2 * len(self._calls)) as threads:
            callers = [threads.submit(self._repeat, call) for call in 2 * self._calls]
            try:
                yield
            finally:
                self._ended.set()
        for caller in callers:
            caller.result()


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
        load = Load(proxy, tenant)
        with load.running():
            restarted = restart_web(variables)

    assert (restarted.returncode, restarted.stderr) == (0, "")
    assert all(server.process.pid not in before for server in two_servers)
    assert {name: set(statuses) for name, statuses in load.replies.items()} == {
        "list_products": {200},
        "deliver": {200},
        "open_payment": {200},
    }
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
