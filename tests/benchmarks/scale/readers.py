"""Every list, sweep and command that reads a table which grows."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.order_search import OrderSearch
from lumira.link_tokens import LinkAddress
from lumira.models import EventStatus, MessageKind, MessageStatus
from lumira.reconciliation.watch_deadlines import watch_deadlines
from lumira.reconciliation.watch_shipments import watch_shipments
from lumira.repositories.alerts import alerts
from lumira.repositories.customers import access_links, customers
from lumira.repositories.events import webhook_events
from lumira.repositories.events.webhook_events import EventFilter
from lumira.repositories.installation import due_work, installation_figures
from lumira.repositories.inventory import stock_counts
from lumira.repositories.messages import outbox
from lumira.repositories.orders import order_polls
from lumira.schemas.fields import encode_cursor
from lumira.services.customers.view_customers import list_customers, view_customer
from lumira.services.events.view_events import EventSearch, list_events
from lumira.services.events.view_health import Span, view_health
from lumira.services.installation.probe import Probe
from lumira.services.messages.retry_messages import find_dead
from lumira.services.messages.view_messages import MessageSearch, list_messages
from lumira.services.orders.search_orders import search_orders
from lumira.services.orders.view_order_story import view_order_story
from lumira.services.orders.view_overview import view_overview
from lumira.services.portal.view_purchases import view_purchases
from lumira.services.retention.remove_expired import remove_expired
from lumira.webhooks.replay_many import find_replayable
from tests.support.factories import Brand

Reader = Callable[[], object]


def lists(app: Flask, brand: Brand) -> Iterator[tuple[str, Reader]]:
    """Yield a name and a function for every list of the API, the portal and the command line, and every sweep."""
    yield from _of_api(app, brand)
    yield from _of_customers(brand)
    yield from _of_operators(brand)
    yield from _of_dashboard(brand)
    yield from _sweeps(brand)


def _of_api(app: Flask, brand: Brand) -> Iterator[tuple[str, Reader]]:
    client, now = app.test_client(), utc_now()
    [(buyer, middle, number, payment)] = _examples(brand)
    filters = {
        "newest": {},
        "from the middle": {"cursor": encode_cursor(UUID(middle))},
        "of a status": {"status": "completed"},
        "of a rare status": {"status": "partially_refunded"},
        "of a status that none has": {"status": "disputed"},
        "of a buyer": {"customerEmail": buyer},
        "of a stranger": {"customerEmail": "stranger@example.com"},
        "of last week": {"createdAfter": (now - timedelta(days=7)).isoformat()},
        "of a week a year ago": {
            "createdAfter": (now - timedelta(days=372)).isoformat(),
            "createdBefore": (now - timedelta(days=365)).isoformat(),
        },
        "before two years ago": {"createdBefore": (now - timedelta(days=740)).isoformat()},
        "updated today": {"updatedAfter": (now - timedelta(hours=12)).isoformat()},
        "updated in a year": {"updatedAfter": (now - timedelta(days=365)).isoformat()},
        "of a status, a year ago": {
            "status": "partially_refunded",
            "createdBefore": (now - timedelta(days=365)).isoformat(),
        },
        "of a status and a buyer": {"status": "completed", "customerEmail": buyer},
    }
    paths = {f"GET /orders, {name}": f"/api/orders?{urlencode(query)}" for name, query in filters.items()}
    paths |= {
        "GET /orders/<number>": f"/api/orders/{number}",
        "GET /orders/<payment>": f"/api/orders/{payment}",
        "GET /access": f"/api/access?{urlencode({'customerEmail': buyer})}",
        "GET /access, one product": f"/api/access?{urlencode({'customerEmail': buyer, 'productId': 'mystique'})}",
        "GET /products": "/api/products",
    }
    for name, path in paths.items():
        yield name, lambda path=path: _get(client, path, brand)  # type: ignore[misc]


def _get(client: object, path: str, brand: Brand) -> None:
    reply = client.get(path, headers=brand.secret)  # type: ignore[attr-defined]
    if reply.status_code != 200:
        raise RuntimeError(f"{path}: {reply.status_code} {reply.get_data(as_text=True)[:300]}")


def _examples(brand: Brand) -> list[tuple[str, str, str, str]]:
    """Return a buyer, an order's id, its number and its payment from the middle of the tenant's orders."""
    with atomic(brand.id):
        rows = db.session.execute(
            text(
                "SELECT o.customer_email, o.id::text, o.order_number, p.stripe_payment_intent_id FROM orders AS o "
                "JOIN payments AS p ON p.tenant_id = o.tenant_id AND p.order_id = o.id "
                "WHERE o.tenant_id = :id AND o.completed_at IS NOT NULL "
                "ORDER BY o.id OFFSET (SELECT count(*) / 3 FROM orders WHERE tenant_id = :id) LIMIT 1"
            ),
            {"id": brand.id},
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def _of_customers(brand: Brand) -> Iterator[tuple[str, Reader]]:
    [(buyer, *_)] = _examples(brand)
    with atomic(brand.id):
        customer = customers.get_current(brand.id, buyer)
        link = access_links.get_or_create(brand.id, customer.id, utc_now())
        address = LinkAddress(brand.id, link.id)
    yield "portal, a buyer's page", lambda: view_purchases(address)
    yield "customers list", lambda: list_customers(brand.id, limit=50)
    yield "customers show", lambda: view_customer(brand.id, buyer)


def _of_operators(brand: Brand) -> Iterator[tuple[str, Reader]]:
    def inside(read: Reader) -> Reader:
        def run() -> None:
            with atomic(brand.id):
                read()

        return run

    for status in (None, EventStatus.PROCESSED, EventStatus.FAILED, EventStatus.PARKED):
        criteria = EventFilter(status)
        yield (
            f"events list{'' if status is None else f' --status {status}'}",
            inside(lambda criteria=criteria: webhook_events.list_events(brand.id, criteria)),  # type: ignore[misc]
        )
    rare = EventFilter(None, "payment_intent.canceled")
    yield "events list --type", inside(lambda: webhook_events.list_events(brand.id, rare))
    yield "events show", inside(lambda: webhook_events.find_event(brand.id, "evt_unknown"))
    yield "alerts list", inside(lambda: alerts.list_alerts(brand.id, include_resolved=True))
    for message_status in (MessageStatus.PENDING, MessageStatus.DEAD, MessageStatus.SENT):
        yield (
            f"outbox list --status {message_status}",
            inside(lambda status=message_status: outbox.list_messages(brand.id, status=status, limit=50)),  # type: ignore[misc]
        )
    yield "stock show", inside(lambda: stock_counts.list_stock(brand.id))
    yield "stock show, one product", inside(lambda: _history(brand))


def _of_dashboard(brand: Brand) -> Iterator[tuple[str, Reader]]:
    [(buyer, middle, number, payment)] = _examples(brand)
    searches = {
        "newest": OrderSearch(),
        "from the middle": OrderSearch(after=UUID(middle)),
        "a number": OrderSearch(number),
        "an address": OrderSearch(buyer),
        "a name": OrderSearch("dupont"),
        "a frequent name": OrderSearch("a"),
        "a payment": OrderSearch(payment),
        "a charge": OrderSearch("ch_unknown"),
        "a product": OrderSearch(product_id="shirt"),
        "a product that was never sold": OrderSearch(product_id="unknown"),
        "a rare status and a product": OrderSearch(status="disputed", product_id="shirt"),
    }
    for name, search in searches.items():
        yield f"dashboard, {name}", lambda search=search: search_orders(brand.id, search)  # type: ignore[misc]
    messages = {
        "newest": MessageSearch(),
        "a status": MessageSearch(status=MessageStatus.SENT),
        "dead": MessageSearch(status=MessageStatus.DEAD),
        "a kind": MessageSearch(kind=MessageKind.ORDER_CONFIRMATION),
        "a rare kind": MessageSearch(kind=MessageKind.WITHDRAWAL_REFUSED),
        "an address": MessageSearch(buyer),
        "a frequent name": MessageSearch("a"),
    }
    for name, wanted in messages.items():
        yield f"dashboard, messages, {name}", lambda wanted=wanted: list_messages(brand.id, wanted)  # type: ignore[misc]
    yield "dashboard, messages to send again", lambda: find_dead(brand.id)
    events = {
        "newest": EventSearch(),
        "a rare status": EventSearch(status=EventStatus.FAILED),
        "a frequent status": EventSearch(status=EventStatus.PROCESSED),
        "a type that there is not": EventSearch(type="unknown"),
        "a payment": EventSearch(payment),
        "an event": EventSearch("evt_unknown"),
    }
    for name, asked in events.items():
        yield f"dashboard, events, {name}", lambda asked=asked: list_events(brand.id, asked)  # type: ignore[misc]
    ignored = EventSearch(status=EventStatus.IGNORED)
    for span in Span:
        yield f"dashboard, events by {span}", lambda span=span: view_health(brand.id, span)  # type: ignore[misc]
    yield "dashboard, events to replay", lambda: find_replayable(brand.id, ignored)
    yield "dashboard, an order", lambda: view_order_story(brand.id, number)
    yield "dashboard, 30 days", lambda: view_overview(brand.id)


def _history(brand: Brand) -> None:
    stock_counts.list_reservations(brand.id, "shirt")
    stock_counts.list_movements(brand.id, "shirt", limit=20)


def _sweeps(brand: Brand) -> Iterator[tuple[str, Reader]]:
    now = utc_now()
    yield "sweep of events", lambda: due_work.tenants_with_due_events(now)
    yield "sweep of messages", lambda: due_work.tenants_with_due_messages(now)
    yield "sweep of refunds", lambda: due_work.tenants_with_due_refunds(now)
    yield "sweep of alerts", lambda: due_work.tenants_with_unsent_alerts(now)
    yield "deadlines of a tenant", lambda: watch_deadlines(brand.id)
    yield "late shipments of a tenant", lambda: watch_shipments(brand.id)
    yield "due polls of a tenant", lambda: _claim(brand)
    yield "retention of a tenant", lambda: remove_expired(brand.id)
    probe = Probe.of(current_app.extensions["lumira"])
    yield "metrics", lambda: _read_figures(probe)


def _read_figures(probe: Probe) -> None:
    with probe.connect() as connection:
        installation_figures.read_figures(connection, utc_now(), late_since=utc_now() - timedelta(minutes=5))


def _claim(brand: Brand) -> None:
    now = utc_now()
    with atomic(brand.id):
        order_polls.claim_due(brand.id, now - timedelta(days=300), now, limit=50)
        order_polls.claim_ended(brand.id, now - timedelta(days=300), now, limit=50)


def commands(app: Flask, brand: Brand) -> Iterator[tuple[str, Reader]]:
    """Yield every command that reads whole tables."""
    runner = app.test_cli_runner()
    for words in (
        ("receipts", "verify", "--tenant", brand.slug),
        ("receipts", "list", brand.slug, "--year", str(utc_now().year)),
        ("stock", "verify", "--tenant", brand.slug),
        ("receipts", "verify"),
        ("stock", "verify"),
        ("customers", "list"),
        ("events", "list"),
    ):

        def run(words: tuple[str, ...] = words) -> None:
            result = runner.invoke(args=list(words))
            if result.exit_code:
                raise RuntimeError(f"{words}: {result.output[-600:]} {result.exception}")

        name = " ".join(word for word in words if word != brand.slug)
        yield name.replace(" --tenant", ", one tenant"), run


def count_receipts() -> int:
    """Return how many documents the installation has, as its largest tenant's share suggests."""
    with atomic(None):
        tenant_ids = list(db.session.execute(text("SELECT lumira_list_tenants()")).scalars())
    total = 0
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            total += db.session.execute(text("SELECT count(*) FROM receipts")).scalar_one()
    return total
