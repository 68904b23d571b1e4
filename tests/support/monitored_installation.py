"""An installation in the process of the tests that Prometheus reads, while tests break and mend something."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import text

from lumira.database import atomic, db
from lumira.reconciliation import reconcile
from tests.support import stripe_events
from tests.support.counted import SENT
from tests.support.evaluated_alerts import Scrape, scraped
from tests.support.factories import Brand


@dataclass
class Installation:
    """An installation that works, with a worker that reports and one shop."""

    client: FlaskClient
    tenant: Brand
    client_with: Callable[..., FlaskClient]
    headers: dict[str, str] = field(default_factory=lambda: dict(SENT))
    is_reconciled: bool = True

    def work(self) -> None:
        """What happens anyway: pages are read, and the shop is reconciled."""
        for _ in range(5):
            self.client.get("/api/orders", headers=self.tenant.secret)
        if self.is_reconciled:
            # Twice, as the first run is not an increase if it has another result than those before.
            for _ in range(2):
                reconcile.reconcile(self.tenant.id)
        with atomic(None):
            db.session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now()"))

    def scrape(self) -> Scrape:
        reply = self.client.get("/metrics", headers=self.headers)
        return scraped(reply.text if reply.status_code == 200 else None)

    def receive(self, *, secret: str | None = None) -> int:
        body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
        signature = stripe_events.signature(body, secret or self.tenant.webhook_secret)
        path = f"/api/webhooks/stripe/{self.tenant.slug}"
        return self.client.post(path, data=body, headers={"Stripe-Signature": signature}).status_code
