"""The orders of a search as CSV, written while they are read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.csv_cells import BYTE_ORDER_MARK, amount_cell, harmless, lines
from lumira.domain.goods import addresses
from lumira.domain.order_money import current_payment
from lumira.domain.order_search import OrderSearch, read_term
from lumira.models import Language, Order
from lumira.repositories.audit import audit
from lumira.repositories.orders import order_lists
from lumira.repositories.tenants import tenants
from lumira.services.orders.search_orders import condition_of, filter_of

#: Orders that one transaction reads: a slow download holds no transaction and no connection.
CHUNK = 500
_COLUMNS = {
    Language.FRENCH: (
        "Commande",
        "Statut",
        "Ouverte",
        "Complétée",
        "Nom",
        "E-mail",
        "Produits",
        "Code promo",
        "Remise",
        "Frais de port",
        "Montant",
        "Remboursé",
        "Net",
        "Devise",
        "Paiement",
        "Mode",
        "Envoi",
        "Zone",
        "Pays",
    ),
    Language.ENGLISH: (
        "Order",
        "Status",
        "Opened",
        "Completed",
        "Name",
        "E-mail",
        "Products",
        "Promotion code",
        "Discount",
        "Postage",
        "Amount",
        "Refunded",
        "Net",
        "Currency",
        "Payment",
        "Mode",
        "Goods",
        "Zone",
        "Country",
    ),
}


def export_orders(
    tenant_id: int, search: OrderSearch, language: Language, *, actor: str
) -> Iterator[tuple[str, int]]:
    """Yield the CSV in parts, each with the number of its orders, newest order first.

    Amounts are in major units of their currency, times in the tenant's zone. French spreadsheets expect semicolons and
    decimal commas. An order that is opened meanwhile is not in the file. The audit log names who exported what.
    """
    with atomic(tenant_id):
        _record(tenant_id, search, actor)
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
        condition = condition_of(tenant_id, read_term(search.text))
    yield BYTE_ORDER_MARK + lines([_COLUMNS[language]], language), 0
    while True:
        with atomic(tenant_id):
            page, following = order_lists.list_orders(
                tenant_id,
                filter_of(search, zone, limit=CHUNK),
                rows=order_lists.SHOWN,
                also=condition,
            )
        yield lines([_row(order, zone, language) for order in page], language), len(page)
        if following is None:
            return
        search = replace(search, after=following)


def _record(tenant_id: int, search: OrderSearch, actor: str) -> None:
    audit.record_reading(
        tenant_id,
        actor=actor,
        action="orders_exported",
        subject="tenant",
        # The text may be an address or a name, which an erasure could not remove from here.
        has_text=bool(search.text),
        status=search.status,
        product=search.product_id,
        first_day=search.first_day and search.first_day.isoformat(),
        last_day=search.last_day and search.last_day.isoformat(),
    )


def _row(order: Order, zone: ZoneInfo, language: Language) -> tuple[str, ...]:
    payment = current_payment(order)
    products = "; ".join(f"{line.quantity} x {line.product_name}" for line in order.lines)
    amounts = (
        order.discount_amount,
        order.shipping_amount,
        order.amount,
        order.refunded_amount,
        order.net_paid,
    )
    address = addresses.read(order.shipping_address)
    return (
        order.order_number,
        str(order.status),
        _time(order.created_at, zone),
        _time(order.completed_at, zone),
        harmless(order.customer_name or ""),
        harmless(order.customer_email or ""),
        harmless(products),
        order.promotion_code or "",
        *(amount_cell(amount, order.currency, language) for amount in amounts),
        order.currency.upper(),
        payment.stripe_payment_intent_id if payment else "",
        "live" if order.livemode else "test",
        # As in the API: `none` where nothing is sent.
        str(order.fulfilment),
        harmless(order.shipping_zone or ""),
        address.country if address else "",
    )


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).isoformat(timespec="seconds")
