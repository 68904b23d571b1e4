"""`make image-check`: one purchase from the image, run as `deploy/compose.yaml` runs it."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import psycopg
import requests
from cryptography.fernet import Fernet

from lumira.sandbox.server import SandboxServer
from tests.benchmarks import server as database
from tests.benchmarks.processes import free_address
from tests.image.container import SOCKET, CommandFailed, Image, Stack, unpack

BRAND, PRODUCT = "oracle-lumira", "mystique"
#: An account of the sandbox: the names of its keys differ in their beginning only.
ACCOUNT = "image_check_1"
_WITHIN = 60.0


@click.command()
@click.argument("name", default="localhost/lumira")
def main(name: str) -> None:
    """Run the local image NAME, migrate, buy, and stop it; the exit code is 0 if the order is completed."""
    image = unpack(name)
    with tempfile.TemporaryDirectory(prefix="lumira-image-") as folder, contextlib.ExitStack() as running:
        directory = Path(folder)
        server = running.enter_context(database.running(directory))
        sandbox = running.enter_context(SandboxServer(directory / "sandbox"))
        socket = Path(server.url.query["host"])  # type: ignore[arg-type]
        stack = _stack(image, directory, socket, sandbox.url)
        _create_roles(socket)
        _require_confinement(stack)
        stack.run("flask", "db", "upgrade")
        key = _set_up_brand(stack)
        address = stack.settings["BIND"]
        running.enter_context(stack.running(image.command, directory / "web.log"))
        running.enter_context(stack.running(["flask", "worker"], directory / "worker.log"))
        _wait(lambda: _is_ready(address), f"/readyz: {(directory / 'web.log').read_text()}")
        stack.run(*image.health_check)
        _buy(f"http://{address}", sandbox.url, key)
    click.echo(
        f"{name} migrated, sold and fulfilled an order as user {image.user_id}, with a read-only root."
    )


def _stack(image: Image, directory: Path, socket: Path, stripe: str) -> Stack:
    files = directory / "files"
    files.mkdir()
    for path in (files, directory):
        path.chmod(0o777)
    settings = {
        "BIND": free_address(),
        "DATABASE_URL": f"postgresql://lumira_web@/lumira?host={SOCKET}",
        "DATABASE_OWNER_URL": f"postgresql://lumira_owner@/lumira?host={SOCKET}",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "STRIPE_API_BASE": stripe,
        "PUBLIC_URL": "https://pay.example.com",
        "SMTP_URL": "files",
        "WEB_CONCURRENCY": "2",
    }
    # The server's folder is open to its own user only.
    for parent in (socket, *socket.parents[:-1]):
        parent.chmod(parent.stat().st_mode | 0o011)
    for path in socket.glob(".s.PGSQL.*"):
        path.chmod(0o777)
    return Stack(image, socket, files, settings)


def _create_roles(socket: Path) -> None:
    """Run `deploy/create-roles.sh` as the entry point of PostgreSQL's image does."""
    passwords = {f"LUMIRA_{role}_PASSWORD": secrets.token_urlsafe() for role in ("OWNER", "WEB", "BACKUP")}
    # The login that benchmarks use is one of those that the script creates.
    with psycopg.connect(host=str(socket), user="postgres", autocommit=True) as connection:
        connection.execute(f"DROP ROLE {database.LOGIN}")
    subprocess.run(
        ["sh", "deploy/create-roles.sh"],
        env={"PATH": os.environ["PATH"], "PGHOST": str(socket), **passwords},
        check=True,
    )


def _require_confinement(stack: Stack) -> None:
    """Raise `RuntimeError` if a process could change the code, or runs as root."""
    if stack.run("id", "-u").strip() == "0":
        raise RuntimeError("The image runs as root.")
    with contextlib.suppress(CommandFailed):
        stack.run("touch", "/opt/lumira/changed")
        raise RuntimeError("The root of the container is not read-only.")


def _set_up_brand(stack: Stack) -> str:
    """Set up a brand with the documented commands, and return its secret key."""
    stack.run("flask", "catalog", "apply", f"config/catalogs/{BRAND}.toml")
    stack.run(
        "flask", "tenants", "stripe", BRAND, "--secret-key", "-", "--publishable-key", "-",
        given=f"sk_test_{ACCOUNT}\npk_test_{ACCOUNT}\n",
    )  # fmt: skip
    return stack.run("flask", "keys", "create", BRAND, "--kind", "secret").split()[-1]


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _buy(lumira: str, stripe: str, key: str) -> None:
    """Buy a product. No webhook is set up, so the worker finds the payment at Stripe."""
    headers = {"Authorization": f"Bearer {key}"}
    body = {"productId": PRODUCT, "customerEmail": "buyer@example.com"}
    opened = requests.post(
        f"{lumira}/api/payments/create-payment-intent", json=body, headers=headers, timeout=60
    )
    _require(opened)
    payment, order = opened.json()["paymentIntentId"], opened.json()["orderId"]
    confirmed = requests.post(
        f"{stripe}/v1/payment_intents/{payment}/confirm",
        data={"payment_method": "pm_card_visa", "return_url": "https://shop.example/thanks"},
        auth=(f"sk_test_{ACCOUNT}", ""),
        timeout=60,
    )
    _require(confirmed)

    def is_completed() -> bool:
        found = requests.get(f"{lumira}/api/orders/{order}", headers=headers, timeout=30)
        _require(found)
        return bool(found.json()["status"] == "completed")

    _wait(is_completed, f"order {order} to be completed")


def _require(reply: requests.Response) -> None:
    if not reply.ok:
        sys.exit(f"{reply.request.method} {reply.url}: {reply.status_code} {reply.text}")


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _WITHIN
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"Timed out after {_WITHIN:.0f} s waiting for {what}.")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
