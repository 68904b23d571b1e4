"""The sandbox as a process: persistent state, signals, and raw connections."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import lumira.sandbox
from lumira.sandbox.server import SandboxServer
from tests.contract.sandbox_driver import Control, Receiver

_RUN = "from lumira.cli.sandbox import sandbox; sandbox()"
_ROOT = str(Path(lumira.sandbox.__file__).parents[2])


@pytest.fixture
def launch(tmp_path):
    """Start ``flask sandbox`` as a separate process, each time with the same state directory."""
    started = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, "--state", str(tmp_path / "state"), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([_ROOT, os.environ.get("PYTHONPATH", "")])},
        )
        started.append(process)
        return process, process.stdout.readline().rpartition(" ")[2].strip()

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_process_loses_no_acknowledged_request(launch, connect):
    process, url = launch("--port", "0")
    api = connect(url, "sk_test_survivor")
    receiver = Receiver()
    endpoint = api.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    Control(url, "sk_test_survivor").post("deliveries", paused=True)
    intent = api.payment_intents.create({"amount": 1400, "currency": "eur"}, {"idempotency_key": "order-1"})
    process.send_signal(signal.SIGKILL)
    process.wait()

    _, url = launch("--port", "0")
    api, control = connect(url, "sk_test_survivor"), Control(url, "sk_test_survivor")
    again = api.payment_intents.create({"amount": 1400, "currency": "eur"}, {"idempotency_key": "order-1"})
    assert again.id == intent.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    control.post("deliveries")
    control.flush()
    receiver.close()
    assert receiver.types == ["payment_intent.created"]
    assert receiver.arrived[0].is_signed_with(endpoint.secret)


def test_sigterm_stops_the_process_within_two_seconds(launch):
    process, url = launch("--port", "0")
    with requests.Session() as session:
        session.get(url, timeout=10)
        process.send_signal(signal.SIGTERM)
        # An idle connection would be kept for half a minute.
        assert process.wait(20) == 0


def test_the_process_prints_how_to_use_it(launch):
    process, url = launch("--port", "0")
    process.terminate()
    output = process.stdout.read()
    assert f"STRIPE_API_BASE={url}" in output
    assert "sk_test_" in output


def test_an_occupied_port_is_reported_in_one_line(launch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process, output = launch("--port", str(port))
        rest = process.stdout.read()
        process.wait(60)
    assert (process.returncode, rest) == (1, "")
    assert output == "use."


def test_a_restarted_server_has_the_same_address_and_state(tmp_path, connect):
    server = SandboxServer(tmp_path)
    with server:
        url = server.url
        customer = connect(url, "sk_test_restart").customers.create({"email": "ada@example.com"})
    with server:
        assert server.url == url
        reply = requests.get(f"{url}/v1/customers/{customer.id}", auth=("sk_test_restart", ""), timeout=10)
        assert reply.json()["email"] == "ada@example.com"


def test_a_dropped_connection_is_closed_without_a_response(tmp_path):
    with SandboxServer(tmp_path) as server:
        Control(server.url, "sk_test_dropped").post("faults", rate_drop_before=1)
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(
                b"GET /v1/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_dropped\r\n\r\n"
            )
            assert connection.recv(100) == b""


@pytest.mark.parametrize(
    "request_line",
    [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
)
def test_invalid_http_is_rejected(sandbox_url, request_line):
    host, port = sandbox_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request_line)
        connection.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"invalid_request_error" in reply
    assert b"Traceback" not in reply
