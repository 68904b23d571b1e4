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
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import click
import requests
from flask import current_app
from flask.cli import with_appcontext

import lumira
from config.settings import Settings
from lumira.cli.demo import output
from lumira.cli.demo.brand_client import BrandClient
from lumira.cli.demo.brands import Brand, set_up_brands
from lumira.cli.demo.crm import connect_dolibarr
from lumira.cli.demo.dashboard_pages import verify_pages
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.history import story as history
from lumira.cli.demo.history.past import set_stripes_clock
from lumira.cli.demo.installation import (
    BRAND,
    HOST,
    Installation,
    find_free_port,
    require_free_port,
)
from lumira.cli.demo.operator import DemoOperator, describe_operator, set_up_operator
from lumira.cli.demo.processes import Processes
from lumira.cli.demo.purchases import PURCHASES

PORT = 8000
SANDBOX_PORT = 12111
#: Seconds after which a check fails: many times its duration, for a machine that does much else.
CHECK_TIMEOUT = 540.0
#: Seconds in which the sales of two weeks are made: several times their duration.
_HISTORY_TIMEOUT = 360.0
#: Seconds between two checks that all children are running.
_WATCH_INTERVAL = 0.3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("demo")
@click.option("--check", is_flag=True, help="Run in a temporary folder, on free ports, and exit.")
@click.option("--port", type=click.IntRange(1, 65535), help=f"Port of the API. [default: {PORT}]")
@click.option(
    "--sandbox-port", type=click.IntRange(1, 65535), help=f"Port of the sandbox. [default: {SANDBOX_PORT}]"
)
@with_appcontext
def demo(check: bool, port: int | None, sandbox_port: int | None) -> None:
    """Run Lumira on this machine, make a purchase at each of three brands, and serve until Ctrl-C.

    The first start also makes sales of the last two weeks, so that each page of the dashboard shows something. A second
    start continues with the data of the first one. With --check, the exit code is 0 only if all three
    purchases were fulfilled: order completed, access granted, stock sold, stock of the refunded order returned,
    messages sent; and if each page of the dashboard shows something.

    Example: flask demo --port 8001
    """
    settings: Settings = current_app.extensions["lumira"]
    if not settings.is_development:
        raise click.ClickException("The demo is for development: unset LUMIRA_ENV.")
    # The command prints its own summary of each step.
    logging.getLogger().setLevel(logging.WARNING)
    try:
        with _interruptible():
            if check:
                _check(port or find_free_port(), sandbox_port or find_free_port())
            else:
                with _exclusive(settings.instance_path):
                    _serve(Installation(settings.instance_path, port or PORT, sandbox_port or SANDBOX_PORT))
    except DemoFailed as failure:
        raise click.ClickException(str(failure)) from failure
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(130)


@contextlib.contextmanager
def _exclusive(instance: Path) -> Iterator[None]:
    """Lock the folder, because a second demo in it would receive the webhooks of the first."""
    instance.mkdir(parents=True, exist_ok=True)
    with (instance / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(f"Another demo is running with the data in {instance}: stop it first.") from None
        yield


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Handle termination signals like Ctrl-C, so that every `with` block cleans up."""

    def interrupt(_number: int, _frame: object) -> None:
        # Cleanup takes a while, and a second Ctrl-C must not interrupt it.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    yield


def _check(port: int, sandbox_port: int) -> None:
    with running_once(port, sandbox_port) as installation:
        click.echo("All three purchases were fulfilled.")
        verify_pages(installation, list(PURCHASES))
        click.echo("Every page of the dashboard shows something.")


@contextlib.contextmanager
def running_once(port: int, sandbox_port: int) -> Iterator[Installation]:
    """Run the installation in a temporary folder, verified by three purchases, and remove it after the block."""
    directory = Path(tempfile.mkdtemp(prefix="lumira-demo-"))
    installation = Installation(directory, port, sandbox_port)
    try:
        with _running(installation, time_limit=CHECK_TIMEOUT):
            yield installation
    finally:
        if installation.database.exists():
            _database_server().stop(installation.database)
        shutil.rmtree(directory, ignore_errors=True)


def _serve(installation: Installation) -> None:
    with _running(installation) as (processes, brands, operator):
        for line in output.describe_installation(installation, brands):
            click.echo(line)
        click.echo()
        for line in describe_operator(installation, operator):
            click.echo(line)
        click.echo("\nServing until Ctrl-C.")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                processes.check()
                time.sleep(_WATCH_INTERVAL)
        click.echo("Stopping ...")


@contextlib.contextmanager
def _running(
    installation: Installation, *, time_limit: float | None = None
) -> Iterator[tuple[Processes, Mapping[str, Brand], DemoOperator]]:
    """Run the whole installation, set up and verified by three purchases, until the block ends."""
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
        # A proxy configured in the caller's environment must not be used for local requests.
        http.trust_env = False
        try:
            settings = Settings.from_environment(environment)
            brands, operator = _set_up_and_buy(processes, installation, http, settings)
        except requests.RequestException as error:
            # If a child has ended, that is the cause, and the end of its log explains it better.
            processes.check()
            raise DemoFailed(str(error)) from error
        yield processes, brands, operator


def _set_up_and_buy(
    processes: Processes, installation: Installation, http: requests.Session, settings: Settings
) -> tuple[Mapping[str, Brand], DemoOperator]:
    """Start the processes, set up the brands as an operator does, and make the purchases as a buyer does."""
    _start_sandbox(processes, installation, http)
    with lumira.create_app(settings).app_context():
        if history.is_needed():
            click.echo("Making the sales of the last two weeks ...")
            ports = str(installation.port), str(installation.sandbox_port)
            processes.finish("history", "lumira.cli.demo.history", *ports, within=_HISTORY_TIMEOUT)
        _start_lumira(processes, installation, http)
        brands = set_up_brands(installation, http)
        set_stripes_clock(installation, http, brands.values(), timedelta())
        operator = set_up_operator(installation, list(brands))
        connect_dolibarr(installation, http, BRAND)
        for slug, buy in PURCHASES.items():
            purchase = buy(BrandClient(installation, brands[slug], http, processes))
            for line in output.describe_purchase(slug, purchase):
                click.echo(line)
            click.echo()
    return brands, operator


def _start_sandbox(processes: Processes, installation: Installation, http: requests.Session) -> None:
    processes.start(
        "sandbox",
        "flask",
        "sandbox",
        *("--host", HOST, "--port", str(installation.sandbox_port)),
        *("--state", str(installation.directory / "sandbox")),
    )
    processes.finish("db upgrade", "flask", "db", "upgrade")
    _await(processes, http, installation.sandbox_url, "sandbox")


def _start_lumira(processes: Processes, installation: Installation, http: requests.Session) -> None:
    processes.start(
        "web server",
        "gunicorn",
        *("--config", "config/gunicorn.py", "--bind", f"{HOST}:{installation.port}", "wsgi:app"),
    )
    processes.start("worker", "flask", "worker")
    _await(processes, http, f"{installation.url}/readyz", "web server")


def _await(processes: Processes, http: requests.Session, url: str, name: str) -> None:
    processes.wait_until(lambda: _responds(http, url), what=f"the {name} to respond")


def _responds(http: requests.Session, url: str) -> bool:
    try:
        return http.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _database_server() -> ModuleType:
    # Imported here because a production installation lacks this package, and `flask --help` must work there.
    from config import embedded_postgresql  # noqa: PLC0415

    return embedded_postgresql
