"""Two web processes and a worker as in production: their metrics add up, also after one of them was killed."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import requests
from sqlalchemy import create_engine, text

from config.settings import Settings
from tests.benchmarks.processes import process, wait_until, web_server
from tests.support import stripe_events
from tests.support.counted import SENT, TOKEN, samples
from tests.support.evaluated_alerts import PHASE, check_firing, scraped
from tests.support.factories import Brand
from tests.support.own_database import app, settings  # noqa: F401 - replace those of the run
from tests.support.web_process import environment

#: Seconds that the machine may take for a few requests, however busy it is.
_PATIENCE = 60
_CATALOG = "lumira_http_requests_total:GET:/api/products:2xx"
_STORED = "lumira_events_received_total:stored:other"
_IGNORED = "lumira_events_processed_total:ignored:other"


class Installation:
    """A web server with two processes, and a worker."""

    def __init__(self, address: str, pid: int) -> None:
        self.url = f"http://{address}"
        self.master = psutil.Process(pid)

    def text(self) -> str:
        reply = requests.get(f"{self.url}/metrics", headers=SENT, timeout=30)
        assert reply.status_code == 200
        return reply.text

    def metrics(self) -> dict[str, float]:
        return samples(self.text())

    def web_processes(self) -> list[int]:
        return [child.pid for child in self.master.children()]

    def read_catalog(self, brand: Brand) -> None:
        reply = requests.get(f"{self.url}/api/products", headers=brand.publishable, timeout=30)
        assert reply.status_code == 200

    def deliver(self, brand: Brand, *, secret: str) -> int:
        body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
        return requests.post(
            f"{self.url}/api/webhooks/stripe/{brand.slug}",
            data=body,
            headers={"Stripe-Signature": stripe_events.signature(body, secret)},
            timeout=30,
        ).status_code


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Iterator[Installation]:  # noqa: F811
    variables = environment(replace(settings, instance_path=tmp_path / "instance")) | {
        "METRICS_TOKEN": TOKEN,
        "WEB_CONCURRENCY": "2",
        "LUMIRA_ENV": "production",
    }
    with (
        process(["flask", "worker"], variables, tmp_path / "worker.log"),
        web_server("wsgi:app", variables, tmp_path / "web.log") as (address, pid),
    ):
        running = Installation(address, pid)
        wait_until(lambda: len(running.web_processes()) == 2, within=_PATIENCE, what="two web processes")
        wait_until(
            lambda: (
                running.metrics().get("lumira_stripe_slots:web") == 96
                and "lumira_stripe_slots:worker" in running.metrics()
            ),
            within=_PATIENCE,
            what="all three processes to count",
        )
        yield running


def test_the_numbers_of_all_processes_add_up_and_survive_the_death_of_one(
    installation: Installation,
    make_brand: Callable[..., Brand],
) -> None:
    brand = make_brand()
    for _ in range(20):
        # Each over a connection of its own, so that both processes get some.
        installation.read_catalog(brand)
    assert installation.deliver(brand, secret=brand.webhook_secret) == 200
    assert installation.deliver(brand, secret="whsec_another") == 400
    wait_until(
        lambda: installation.metrics().get(_IGNORED) == 1, within=_PATIENCE, what="the worker's attempt"
    )
    before = installation.metrics()
    assert (before[_CATALOG], before[_STORED]) == (20, 1)
    assert before["lumira_deliveries_refused_total:signature"] == 1
    assert before["lumira_jobs_total:done:process_events"] >= 1

    killed, _ = installation.web_processes()
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: len(set(installation.web_processes()) - {killed}) == 2,
        within=_PATIENCE,
        what="another process in place of the killed one",
    )
    wait_until(
        lambda: installation.metrics()["lumira_stripe_slots:web"] == 96,
        within=_PATIENCE,
        what="the new process to count",
    )
    for _ in range(5):
        installation.read_catalog(brand)
    after = installation.metrics()

    assert after[_CATALOG] == 25
    assert after["lumira_http_request_duration_seconds_count:GET:/api/products"] == 25
    counters = [name for name in before if "_total" in name or "_count" in name or "_bucket" in name]
    assert all(after[name] >= before[name] for name in counters)


def test_a_job_that_fails_fires_an_alert_until_it_succeeds_again(
    installation: Installation,
    settings: Settings,  # noqa: F811
    tmp_path: Path,
) -> None:
    job, function = "release_reservations", "lumira_tenants_with_ended_reservations"
    signature = "(timestamptz, timestamptz)"
    engine = create_engine(settings.database_owner_url, isolation_level="AUTOCOMMIT")

    def ran(result: str) -> float:
        return installation.metrics().get(f"lumira_jobs_total:{result}:{job}", 0)

    def wait_for(result: str, runs: int) -> None:
        before = ran(result)
        wait_until(lambda: ran(result) >= before + runs, within=_PATIENCE, what=f"a job that is {result}")

    wait_for("done", 1)
    scrapes = [scraped(installation.text())] * 2
    with engine.connect() as connection:
        connection.execute(text(f"ALTER FUNCTION {function}{signature} RENAME TO lost"))
        wait_for("failed", 2)
        connection.execute(text(f"ALTER FUNCTION lost{signature} RENAME TO {function}"))
    engine.dispose()
    # One that has begun before may still fail.
    wait_for("done", 1)
    scrapes.append(scraped(installation.text()))
    failed = ran("failed")
    wait_for("done", 1)
    scrapes.append(scraped(installation.text()))

    assert ran("failed") == failed
    expected = [(PHASE - 1, set[str]()), (14, {"LumiraJobsFail"}), (PHASE - 1, set[str]())]
    check_firing(scrapes, expected, among='alertname="LumiraJobsFail"', folder=tmp_path)
