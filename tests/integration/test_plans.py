"""Every list and sweep finds its rows by an index, however large its table becomes.

The planner reads a table of a few rows as a whole. So it is made to believe, until the transaction is rolled back, that
each table has a million rows. `make bench-scale` measures the same lists with large tables.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, func

from lumira.database import atomic, db
from lumira.domain.commands import OrderFilter
from lumira.domain.list_position import Position
from lumira.domain.order_search import SearchKind, SearchTerm
from lumira.models import (
    AlertKind,
    CrmElement,
    EventStatus,
    MessageKind,
    MessageStatus,
    Order,
    OrderStatus,
)
from lumira.repositories.accounting import (
    accounting_files,
    balance_transactions,
    ledger,
    ledger_movements,
    payouts,
)
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.catalog import promotions
from lumira.repositories.crm import (
    crm_ambiguous,
    crm_conflicts,
    crm_drift,
    crm_linked_records,
    crm_notifications,
    crm_queue,
    crm_tasks,
)
from lumira.repositories.customers import customers
from lumira.repositories.events import event_figures, event_lists, order_events, webhook_events
from lumira.repositories.events.event_lists import EventCriteria
from lumira.repositories.events.webhook_events import EventFilter
from lumira.repositories.fulfilment import deliverable_queue, shipments
from lumira.repositories.fulfilment.deliverable_queue import Queue
from lumira.repositories.installation import program_errors, retention
from lumira.repositories.inventory import stock_counts
from lumira.repositories.messages import message_lists, outbox
from lumira.repositories.operators import operator_invitations
from lumira.repositories.orders import (
    disputes,
    grants,
    order_lists,
    order_notes,
    order_polls,
    order_search,
    withdrawals,
)
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import board, overview
from tests.support import own_database
from tests.support.factories import Brand, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

# Plans follow from the statistics of the tables.
settings, app = own_database.settings, own_database.app

NOW = datetime(2026, 11, 27, tzinfo=UTC)
Read = Callable[[int], object]

#: What reads the rows, and what its plan must contain.
LISTS: dict[str, tuple[Read, list[str]]] = {
    "orders": (lambda tenant: order_lists.list_orders(tenant, OrderFilter()), ["pk_orders"]),
    "orders after a cursor": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(after=uuid4())),
        ["pk_orders", "(id <"],
    ),
    "orders of a status": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(status="disputed")),
        ["ix_orders_by_status", "(status)::text = 'disputed'"],
    ),
    "orders of a buyer": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(customer_email="ana@example.com")),
        ["ix_orders_by_email"],
    ),
    "orders of a product": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(product_id="shirt")),
        ["ix_order_lines_by_product"],
    ),
    "customers with a name": (
        lambda tenant: order_search.condition(tenant, SearchTerm(SearchKind.NAME, "dupont")),
        ["ix_customers_by_name_key", "ix_customers_by_family_key"],
    ),
    "orders of some customers": (
        lambda tenant: order_lists.list_orders(
            tenant, OrderFilter(), also=Order.customer_id == func.any([uuid4()])
        ),
        ["uq_orders_tenant_id_customer_id_free_product_id"],
    ),
    **{
        f"orders with a {kind}": (
            lambda tenant, kind=kind: order_search.condition(tenant, SearchTerm(kind, "x")),
            indexes,
        )
        for kind, indexes in {
            SearchKind.PAYMENT: ["uq_payments_tenant_id_stripe_payment_intent_id"],
            SearchKind.CHARGE: ["ix_payments_by_charge"],
            SearchKind.CUSTOMER: ["uq_customers_tenant_id_stripe_customer_id"],
        }.items()
    },
    "differences from the CRM": (
        lambda tenant: crm_conflicts.list_page(tenant, after=None, limit=25),
        ["ix_crm_conflicts_by_age"],
    ),
    "differences from the CRM, the next page": (
        lambda tenant: crm_conflicts.list_page(tenant, after=Position(NOW, uuid4()), limit=25),
        ["ix_crm_conflicts_by_age", "ROW(opened_at, customer_id) >"],
    ),
    "customers with several third parties": (
        lambda tenant: crm_ambiguous.list_ambiguous(tenant, limit=25),
        ["ix_crm_tasks_parked"],
    ),
    "records of the CRM to be read": (
        lambda tenant: crm_notifications.claim(tenant, until=NOW, limit=10),
        ["ix_crm_notifications_due"],
    ),
    "linked records of the CRM in a range": (
        lambda tenant: crm_linked_records.list_linked_ids(
            tenant, CrmElement.THIRD_PARTY, after_id=5, up_to=None, limit=500
        ),
        ["uq_crm_links_dolibarr_id"],
    ),
    "the record of the CRM that is to be written next": (
        crm_tasks.find_next,
        ["ix_crm_tasks_due", "ix_crm_tasks_undone"],
    ),
    "parked records of the CRM": (
        lambda tenant: crm_tasks.list_parked(tenant, after=uuid4()),
        ["ix_crm_tasks_parked", "(id >"],
    ),
    "parked records of the CRM with their orders": (
        lambda tenant: crm_queue.list_parked(tenant, limit=50),
        ["ix_crm_tasks_parked"],
    ),
    "how much is to be written to the CRM": (
        crm_tasks.figures,
        ["ix_crm_tasks_undone"],
    ),
    "written records that are no longer kept": (
        lambda tenant: crm_tasks.remove_done(tenant, NOW, limit=50),
        ["ix_crm_tasks_done", "done_at <"],
    ),
    "the newest third party": (
        crm_queue.find_newest_third_party,
        ["uq_crm_links_dolibarr_id", "Backward"],
    ),
    "completed orders to be compared with the CRM": (
        lambda tenant: crm_drift.list_completed_ids(tenant, after=uuid4(), limit=100),
        ["pk_orders", "(id >"],
    ),
    "records that staff deleted or edited in the CRM": (
        lambda tenant: crm_drift.list_noticed(tenant, after=uuid4(), limit=100),
        ["ix_crm_links_by_order", "order_id >"],
    ),
    "where a comparison of third parties begins": (
        lambda tenant: crm_drift.find_first_id(tenant, CrmElement.THIRD_PARTY, since=uuid4()),
        ["uq_crm_links_dolibarr_id"],
    ),
    "linked records to be compared": (
        lambda tenant: crm_drift.list_between(tenant, CrmElement.INVOICE, after=5, up_to=105),
        ["uq_crm_links_dolibarr_id", "dolibarr_id >", "dolibarr_id <="],
    ),
    "alerts about an order": (
        lambda tenant: alerts.list_about(tenant, ["x"], kinds=[AlertKind.STRIPE_UNAVAILABLE]),
        # Only open ones are read, of which there are few.
        ["ix_alerts_open"],
    ),
    "events that are stuck": (
        lambda tenant: order_events.list_stuck(tenant, ["pi_1"]),
        ["tenant_id_id_idx", "tenant_id_next_attempt_at_idx"],
    ),
    "actions on an order": (
        lambda tenant: audit.list_entries(tenant, audit.AuditFilter(subject="order:x")),
        ["ix_audit_entries_by_subject"],
    ),
    "audit entries of an action": (
        lambda tenant: audit.list_entries(tenant, audit.AuditFilter(action="x"), before=uuid4()),
        ["ix_audit_entries_by_action", "(id <"],
    ),
    "audit entries of an actor": (
        lambda tenant: audit.list_entries(tenant, audit.AuditFilter(actor="x"), before=uuid4()),
        ["ix_audit_entries_by_actor", "(id <"],
    ),
    "audit entries of a day": (
        lambda tenant: audit.list_entries(
            tenant, audit.AuditFilter(since=NOW, until=NOW + timedelta(days=1)), before=uuid4()
        ),
        ["pk_audit_entries", "(id >", "(id <"],
    ),
    "promotion codes": (
        lambda tenant: promotions.list_newest(tenant, after=uuid4(), limit=50),
        ["pk_promotion_codes", "(id <"],
    ),
    "orders with a promotion code": (
        lambda tenant: promotions.list_orders(tenant, uuid4(), limit=50),
        ["ix_orders_by_promotion"],
    ),
    "notes on an order": (
        lambda tenant: order_notes.list_notes(tenant, uuid4()),
        ["ix_order_notes_by_order"],
    ),
    "what waits for an operator": (
        overview.count_waiting,
        ["ix_outbox_messages_dead", "tenant_id_id_idx"],
    ),
    "what waits for the board": (
        lambda tenant: board.count_backlog(tenant, late_since=NOW),
        ["ix_outbox_messages_dead", "ix_orders_by_status", "ix_orders_to_poll"],
    ),
    "orders before a time": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(created_before=NOW)),
        ["(id <"],
    ),
    "orders after a time": (
        lambda tenant: order_lists.list_orders(tenant, OrderFilter(created_after=NOW)),
        ["(id >"],
    ),
    "purchases of a customer": (
        lambda tenant: order_lists.list_of_customer(tenant, uuid4()),
        ["uq_orders_tenant_id_customer_id_free_product_id"],
    ),
    "customers": (lambda tenant: customers.list_customers(tenant, limit=50), ["pk_customers"]),
    "grants of a customer": (lambda tenant: grants.list_grants(tenant, uuid4()), ["customer_id ="]),
    "failed events": (
        lambda tenant: webhook_events.list_events(tenant, EventFilter(EventStatus.FAILED)),
        ["tenant_id_id_idx"],
    ),
    "a page of events": (
        lambda tenant: event_lists.list_page(tenant, EventCriteria(before=uuid4()), limit=50),
        ["pkey", "(id <"],
    ),
    "a page of failed events of a type": (
        lambda tenant: event_lists.list_page(
            tenant, EventCriteria(EventStatus.FAILED, "charge.refunded", before=uuid4()), limit=50
        ),
        ["tenant_id_id_idx", "(id <"],
    ),
    "events of a type, among a bounded number": (
        lambda tenant: event_lists.list_page(tenant, EventCriteria(type="x", first=uuid4()), limit=50),
        ["pkey", "(id >=", "Subquery Scan"],
    ),
    "where a page of events stops": (
        lambda tenant: event_lists.find_stop(tenant, EventCriteria(type="x", before=uuid4())),
        ["pkey", "(id <"],
    ),
    "events of some orders": (
        lambda tenant: event_lists.list_page(tenant, EventCriteria(order_ids=[uuid4()]), limit=50),
        ["CTE of_orders", "order_id = ANY"],
    ),
    "events received in an hour": (
        lambda tenant: event_figures.count_received(tenant, [NOW, NOW + timedelta(hours=1)]),
        ["pkey", "(id >=", "(id <"],
    ),
    "durations of an hour's events": (
        lambda tenant: event_figures.measure(tenant, [NOW, NOW + timedelta(hours=1)]),
        ["pkey", "(id >=", "(id <"],
    ),
    "how the newest events arrived": (event_figures.find_deliveries, ["pkey"]),
    "since when webhooks are missing": (event_figures.find_undelivered_since, ["pkey"]),
    "the event that has waited longest": (
        event_figures.find_longest_due,
        ["tenant_id_next_attempt_at_idx"],
    ),
    "ids of parked events": (
        lambda tenant: webhook_events.ids_with_status(tenant, EventStatus.PARKED),
        ["(status)::text = 'parked'"],
    ),
    "due events": (lambda tenant: webhook_events.claim_due(tenant, limit=50), ["next_attempt_at"]),
    "dead messages": (
        lambda tenant: outbox.list_messages(tenant, status=MessageStatus.DEAD),
        ["ix_outbox_messages_not_sent"],
    ),
    "a page of messages": (
        lambda tenant: message_lists.list_page(tenant, before=uuid4(), limit=50),
        ["pk_outbox_messages", "(id <"],
    ),
    "a page of messages of a kind": (
        lambda tenant: message_lists.list_page(
            tenant, kind=MessageKind.WITHDRAWAL_REFUSED, before=uuid4(), limit=50
        ),
        ["ix_outbox_messages_by_kind", "(id <"],
    ),
    "a page of dead messages": (
        lambda tenant: message_lists.list_page(
            tenant, status=MessageStatus.DEAD, kind=MessageKind.ORDER_CONFIRMATION, before=uuid4(), limit=50
        ),
        ["ix_outbox_messages_not_sent", "(id <"],
    ),
    "messages to send again": (
        lambda tenant: message_lists.list_dead(tenant, kind=None, until=uuid4(), limit=50),
        ["ix_outbox_messages_not_sent", "(id <="],
    ),
    "messages of some orders": (
        lambda tenant: message_lists.list_page(tenant, order_ids=[uuid4()], limit=50),
        # Found first: planned with the list, all messages might be read, the newest first.
        ["CTE of_orders", "order_id = ANY"],
    ),
    "pending messages": (
        lambda tenant: outbox.list_messages(tenant, status=MessageStatus.PENDING),
        ["pending"],
    ),
    "invitations to send": (
        lambda tenant: operator_invitations.claim_next(tenant, NOW, until=NOW),
        ["ix_operator_invitations_to_send"],
    ),
    "last sign-ins of a team": (
        lambda tenant: audit.find_last(tenant, action="operator_signed_in", subjects=["operator:1"]),
        ["ix_audit_entries_by_subject"],
    ),
    "open alerts": (alerts.list_alerts, ["Index Cond: (tenant_id ="]),
    "deliverables that wait": (
        lambda tenant: deliverable_queue.list_queue(
            tenant, Queue.WAITING, actor="", after=Position(NOW, uuid4()), limit=50
        ),
        ["ix_deliverables_queue", "ROW(created_at, id) >"],
    ),
    "delivered deliverables": (
        lambda tenant: deliverable_queue.list_queue(
            tenant, Queue.DELIVERED, actor="", after=Position(NOW, uuid4()), limit=50
        ),
        ["ix_deliverables_delivered", "ROW(delivered_at, id) <"],
    ),
    "errors": (
        lambda tenant: program_errors.list_page(
            tenant, is_resolved=False, before=Position(NOW, uuid4()), limit=50
        ),
        ["ix_program_errors_newest", "ROW(last_at, id) <"],
    ),
    "errors that stay away": (
        lambda tenant: program_errors.resolve_silent(tenant, NOW, NOW),
        ["ix_program_errors_newest"],
    ),
    "a page of open alerts": (
        lambda tenant: alerts.list_page(
            tenant, is_resolved=False, kind=None, before=Position(NOW, uuid4()), limit=50
        ),
        ["ix_alerts_open", "ROW(raised_at, id) <"],
    ),
    "a page of resolved alerts": (
        lambda tenant: alerts.list_page(
            tenant, is_resolved=True, kind=None, before=Position(NOW, uuid4()), limit=50
        ),
        ["ix_alerts_resolved", "ROW(resolved_at, id) <"],
    ),
    "order that waits longest to be shipped": (
        shipments.find_longest_to_ship,
        ["ix_orders_to_ship"],
    ),
    "orders to ship": (
        lambda tenant: shipments.list_to_ship(tenant, after=Position(NOW, uuid4()), limit=50),
        ["ix_orders_to_ship", "ROW(completed_at, id) >"],
    ),
    "withdrawals that wait": (withdrawals.list_withdrawals, ["ix_withdrawals_waiting"]),
    "a page of payouts": (
        lambda tenant: payouts.list_page(tenant, livemode=False, after=(NOW, "po_1"), limit=50),
        ["ix_payouts_by_arrival", "ROW(arrival_at, stripe_payout_id) <"],
    ),
    "payouts to be read": (
        lambda tenant: payouts.list_due_ids(tenant, NOW, limit=50),
        ["ix_payouts_due", "next_read_at <="],
    ),
    "the lines of a payout": (
        lambda tenant: balance_transactions.list_of_payout(tenant, "po_1"),
        ["ix_balance_transactions_by_payout", "stripe_payout_id ="],
    ),
    "entries of a period": (
        lambda tenant: ledger.list_page(
            tenant,
            livemode=True,
            first=NOW.date(),
            last=NOW.date(),
            after=(NOW.date(), "VE", 1),
            limit=1000,
        ),
        ["ix_ledger_entries_by_date"],
    ),
    "movements of a period": (
        lambda tenant: ledger_movements.list_page(
            tenant, livemode=True, since=NOW, until=NOW, after=(NOW, "txn_1"), limit=500
        ),
        ["ix_balance_transactions_by_time"],
    ),
    "payouts of a period": (
        lambda tenant: ledger_movements.list_payouts(
            tenant, livemode=True, since=NOW, until=NOW, after=(NOW, "po_1"), limit=500
        ),
        ["ix_payouts_by_arrival", "ROW(arrival_at, stripe_payout_id) >"],
    ),
    "files for the accountant to be prepared": (
        accounting_files.claim,
        ["ix_accounting_files_due", "next_attempt_at <="],
    ),
    "the fee of a payment": (
        lambda tenant: balance_transactions.list_of_sources(tenant, ["ch_1"]),
        ["ix_balance_transactions_by_source", "stripe_source_id ="],
    ),
    "announced balance transactions": (
        lambda tenant: balance_transactions.list_unread_ids(tenant, until=NOW, limit=1),
        ["ix_balance_transactions_unread", "created_at <"],
    ),
    "a page of open disputes": (
        lambda tenant: disputes.list_page(tenant, is_closed=False, after=Position(NOW, uuid4()), limit=50),
        ["ix_disputes_open", "ROW(COALESCE(due_at, created_at), id) >"],
    ),
    "a page of closed disputes": (
        lambda tenant: disputes.list_page(tenant, is_closed=True, after=Position(NOW, uuid4()), limit=50),
        ["ix_disputes_closed", "ROW(updated_at, id) <"],
    ),
    "a page of withdrawals that wait": (
        lambda tenant: withdrawals.list_page(
            tenant, is_decided=False, after=Position(NOW, uuid4()), limit=50
        ),
        ["ix_withdrawals_waiting", "ROW(requested_at, id) >"],
    ),
    "a page of decided withdrawals": (
        lambda tenant: withdrawals.list_page(tenant, is_decided=True, after=Position(NOW, uuid4()), limit=50),
        ["ix_withdrawals_decided", "ROW(decided_at, id) <"],
    ),
    "receipts of orders": (lambda tenant: receipts.list_of_orders(tenant, [uuid4()]), ["order_id = ANY"]),
    "movements of a product": (
        lambda tenant: stock_counts.list_movements(tenant, "shirt", limit=20),
        ["ix_stock_movements_by_product"],
    ),
    "overdue orders": (
        lambda tenant: order_polls.list_overdue(tenant, NOW),
        ["ix_orders_by_status", "stock_reservations"],
    ),
    "unpaid orders": (
        lambda tenant: retention.list_unpaid(tenant, OrderStatus.CANCELLED, NOW, after=uuid4(), limit=100),
        ["ix_orders_by_status", "(id >"],
    ),
    "payloads to remove": (
        lambda tenant: retention.remove_payloads(tenant, NOW - timedelta(days=1), limit=10),
        ["processed_at <"],
    ),
}


@contextmanager
def _sent() -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    event.remove(db.engine, "before_cursor_execute", note)


#: As the superuser of the test's server, and for this transaction only.
_MILLIONS = (
    "UPDATE pg_class SET reltuples = 1000000, relpages = 1 "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname !~ '^procrastinate'"
)


class _Undo(Exception):
    """Rolls the transaction back."""


def plan_of(brand: Brand, read: Read) -> str:
    """Return the plan of the first statement that `read` sends."""
    lines: list[str] = []
    with suppress(_Undo), atomic(brand.id):
        with _sent() as statements:
            read(brand.id)
        statement, parameters = statements[0]
        connection = db.session.connection()
        connection.exec_driver_sql("SET LOCAL ROLE NONE")
        connection.exec_driver_sql(_MILLIONS)
        connection.exec_driver_sql("SET LOCAL ROLE lumira_app")
        # An empty table, however many rows it is said to have, has no page to read.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        lines += connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
        raise _Undo
    return "\n".join(lines)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_finds_its_rows_by_an_index(tenant: Brand, name: str) -> None:
    open_payment(tenant)
    read, expected = LISTS[name]

    plan = plan_of(tenant, read)

    assert "Seq Scan" not in plan, plan
    assert [part for part in expected if part not in plan] == [], plan


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_a_page_is_planned_for_its_own_size(tenant: Brand, limit: int) -> None:
    """As a parameter, PostgreSQL would plan it as a tenth of the table once the statement is prepared."""
    with atomic(tenant.id), _sent() as statements:
        order_lists.list_orders(tenant.id, OrderFilter(limit=limit))
    assert f"LIMIT {limit + 1}" in " ".join(statements[0][0].split())
