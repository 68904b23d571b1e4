"""An installation in the past: one process serves, works, and moves its clock and the sandbox's."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import requests
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

import lumira
from config.settings import Settings
from lumira import clock
from lumira.cli.demo.brands import Brand, set_up_brands
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import HOST, Installation
from lumira.cli.tenants import tenant_id_of
from lumira.notifications.relay import relay
from lumira.reconciliation.reconcile import reconcile
from lumira.services.audit.seal_entries import seal_all
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.webhooks.process import process_events

_TIMEOUT = 60


class _Silent(WSGIRequestHandler):
    def log(self, *_arguments: Any) -> None:
        """Print nothing: the demo prints its own summary."""


@dataclass
class Past:
    """What makes sales at a time in the past. Needs the application's context."""

    installation: Installation
    http: requests.Session
    move_clock: Callable[[datetime], timedelta]
    brands: Mapping[str, Brand] = field(default_factory=dict)

    def move_to(self, at: datetime) -> None:
        """Set the clocks, which go on from there."""
        set_stripes_clock(self.installation, self.http, self.brands.values(), self.move_clock(at))

    def call_stripe(self, slug: str, path: str, **sent: Any) -> dict[str, Any]:
        """Act as a buyer, a bank or Stripe's Dashboard does in the sandbox; return its reply."""
        return call_control(self.installation, self.http, self.brands[slug].stripe_secret_key, path, sent)

    def call_lumira(self, slug: str, path: str, **sent: Any) -> dict[str, Any]:
        """Post to the API as the brand's own system does; return its reply."""
        url = f"{self.installation.url}/api/{path}"
        key = {"Authorization": f"Bearer {self.brands[slug].secret_key}"}
        return _read(self.http.post(url, json=sent, headers=key, timeout=_TIMEOUT))

    def work(self, slug: str) -> None:
        """Do what a worker does for the tenant within seconds."""
        tenant_id = tenant_id_of(slug)
        self.call_stripe(slug, "deliveries/flush")
        process_events(tenant_id)
        if send_due_refunds(tenant_id):
            self.call_stripe(slug, "deliveries/flush")
            process_events(tenant_id)
        relay(tenant_id)

    def end_day(self) -> None:
        """Do what a worker does for every tenant within a day.

        Unpaid orders are polled, and closed when it is time; the entries of the audit log are sealed.
        """
        for slug in self.brands:
            reconcile(tenant_id_of(slug))
            self.work(slug)
            seal_all(tenant_id_of(slug))


@contextmanager
def past(
    installation: Installation, http: requests.Session, settings: Settings, *, begins: datetime
) -> Iterator[Past]:
    """Serve in this process until the block ends, with the brands set up at `begins`."""
    # One address makes all sales of two weeks within seconds.
    unlimited = replace(settings, rate_limits=replace(settings.rate_limits, enabled=False))
    app = lumira.create_app(unlimited)
    with clock.movable() as move_clock, _served(app, installation.port), app.app_context():
        move_clock(begins)
        made = Past(installation, http, move_clock, set_up_brands(installation, http))
        try:
            yield made
        finally:
            set_stripes_clock(installation, http, made.brands.values(), timedelta())


@contextmanager
def _served(app: Flask, port: int) -> Iterator[None]:
    server = make_server(HOST, port, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, name="demo-history", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def set_stripes_clock(
    installation: Installation, http: requests.Session, brands: Any, ahead: timedelta
) -> None:
    """Set how far the clock of each brand's account is ahead of this machine's."""
    for brand in brands:
        seconds = round(ahead.total_seconds())
        call_control(installation, http, brand.stripe_secret_key, "settings", {"clock_offset_s": seconds})


def call_control(
    installation: Installation, http: requests.Session, key: str, path: str, sent: Mapping[str, Any]
) -> dict[str, Any]:
    """Post to a control route of the sandbox; return its reply."""
    url = f"{installation.sandbox_url}/sandbox/{path}"
    headers = {"Authorization": f"Bearer {key}"}
    return _read(http.post(url, json=dict(sent), headers=headers, timeout=_TIMEOUT))


def _read(reply: requests.Response) -> dict[str, Any]:
    if not reply.ok:
        raise DemoFailed(f"{reply.request.method} {reply.url} returned {reply.status_code}: {reply.text}")
    body: dict[str, Any] = reply.json()
    return body
