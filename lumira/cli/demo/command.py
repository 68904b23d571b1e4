"""`flask demo` and `flask demo --check`."""

import contextlib
import fcntl
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import click
import requests
from flask import current_app
from flask.cli import with_appcontext

import lumira
from config.settings import Settings
from lumira.cli.demo import screen
from lumira.cli.demo.brands import Brand, open_brands
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import (
    HOST,
    Installation,
    find_free_port,
    require_free_port,
)
from lumira.cli.demo.processes import Processes
from lumira.cli.demo.purchases import PURCHASES
from lumira.cli.demo.shop import Shop

PORT = 8000
SANDBOX_PORT = 12111
#: Seconds after which a check counts as failed: several times what it takes on a slow machine.
CHECK_WITHIN = 90.0
#: Seconds between two looks at whether all children are alive.
_WATCH_EVERY = 0.3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("demo")
@click.option("--check", is_flag=True, help="In a temporary folder, on free ports; ends by itself.")
@click.option("--port", type=click.IntRange(1, 65535), help=f"Of the API. [default: {PORT}]")
@click.option("--sandbox-port", type=click.IntRange(1, 65535), help=f"[default: {SANDBOX_PORT}]")
@with_appcontext
def demo(check: bool, port: int | None, sandbox_port: int | None) -> None:
    """Run everything on this machine, buy at each of three brands, and serve until Ctrl-C.

    A second start finds what the first one left. With --check the exit code is 0 only if all three purchases
    were served: order completed, access granted, pieces sold, what was refunded back on the shelf, messages
    written.
    """
    settings: Settings = current_app.extensions["lumira"]
    if not settings.is_development:
        raise click.ClickException("The demo is for development: unset LUMIRA_ENV.")
    # The steps of the setup are told below, in fewer words.
    logging.getLogger().setLevel(logging.WARNING)
    try:
        with _interruptible():
            if check:
                _check(port or find_free_port(), sandbox_port or find_free_port())
            else:
                with _alone_in(settings.instance_path):
                    _serve(Installation(settings.instance_path, port or PORT, sandbox_port or SANDBOX_PORT))
    except DemoFailed as failure:
        raise click.ClickException(str(failure)) from failure
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(130)


@contextlib.contextmanager
def _alone_in(instance: Path) -> Iterator[None]:
    """Of two demos in one folder the second would take the webhooks of the first."""
    instance.mkdir(parents=True, exist_ok=True)
    with (instance / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(
                f"A demo runs already with the data in {instance}: end that one first."
            ) from None
        yield


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A signal to end ends as Ctrl-C does, through every `with` block that cleans up."""

    def interrupt(_number: int, _frame: object) -> None:
        # Cleaning up takes its time, and a second Ctrl-C must not leave half of it running.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    yield


def _check(port: int, sandbox_port: int) -> None:
    directory = Path(tempfile.mkdtemp(prefix="lumira-demo-"))
    installation = Installation(directory, port, sandbox_port)
    try:
        with _running(installation, time_limit=CHECK_WITHIN):
            click.echo("All three purchases were served.")
    finally:
        if installation.database.exists():
            _database_server().stop(installation.database)
        shutil.rmtree(directory, ignore_errors=True)


def _serve(installation: Installation) -> None:
    with _running(installation) as (processes, brands):
        for line in screen.how_to_go_on(installation, brands):
            click.echo(line)
        click.echo("\nServing until Ctrl-C.")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                processes.check()
                time.sleep(_WATCH_EVERY)
        click.echo("Stopping ...")


@contextlib.contextmanager
def _running(
    installation: Installation, *, time_limit: float | None = None
) -> Iterator[tuple[Processes, Mapping[str, Brand]]]:
    """The whole installation, set up and tried by three purchases; ended when the block is left."""
    if installation.port == installation.sandbox_port:
        raise DemoFailed("--port and --sandbox-port must differ.")
    require_free_port(installation.port, option="--port")
    require_free_port(installation.sandbox_port, option="--sandbox-port")
    click.echo("Starting PostgreSQL, the sandbox, the web server and a worker ...")
    environment = installation.environment(_database_server().start(installation.database))
    with (
        Processes(installation.logs, environment, time_limit=time_limit) as processes,
        requests.Session() as http,
    ):
        # A proxy of the caller's would be asked for our own machine.
        http.trust_env = False
        try:
            brands = _try_out(processes, installation, http, Settings.from_environment(environment))
        except requests.RequestException as error:
            # A child that died is the reason, and its last words are the better explanation.
            processes.check()
            raise DemoFailed(str(error)) from error
        yield processes, brands


def _try_out(
    processes: Processes, installation: Installation, http: requests.Session, settings: Settings
) -> Mapping[str, Brand]:
    """Start what serves, set it up as an operator does, and buy as a buyer does."""
    _start(processes, installation, http)
    with lumira.create_app(settings).app_context():
        brands = open_brands(installation, http)
        for slug, buy in PURCHASES.items():
            for line in screen.story(slug, buy(Shop(installation, brands[slug], http, processes))):
                click.echo(line)
            click.echo()
    return brands


def _start(processes: Processes, installation: Installation, http: requests.Session) -> None:
    processes.start(
        "sandbox",
        "flask",
        "sandbox",
        *("--host", HOST, "--port", str(installation.sandbox_port)),
        *("--state", str(installation.directory / "sandbox")),
    )
    processes.finish("db upgrade", "flask", "db", "upgrade")
    processes.start(
        "web server",
        "gunicorn",
        *("--config", "config/gunicorn.py", "--bind", f"{HOST}:{installation.port}", "wsgi:app"),
    )
    processes.start("worker", "flask", "worker")
    for url, name in ((installation.sandbox_url, "sandbox"), (f"{installation.url}/readyz", "web server")):
        processes.wait_until(lambda url=url: _answers(http, url), what=f"the {name} to answer")  # type: ignore[misc]


def _answers(http: requests.Session, url: str) -> bool:
    try:
        return http.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _database_server() -> ModuleType:
    # Imported here because an installation for production has no such package, and has `flask --help`.
    from config import embedded_postgresql  # noqa: PLC0415

    return embedded_postgresql
