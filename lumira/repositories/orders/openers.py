"""What one network has opened and not paid: its reserved stock, and its free orders."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from lumira.database import db
from lumira.models import Order, ReservationState, StockReservation

_LOCK = "hashtext('opener_network'), hashtext(:network)"


@dataclass(frozen=True, slots=True)
class ReservedUnits:
    """The reserved units of one product in an unpaid order."""

    order_id: UUID
    #: The address as it was typed; the order may be another customer's since a merge.
    customer_email: str | None
    product_id: str
    quantity: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedFree:
    """A free order: when it was opened, and for which address, as it was typed."""

    created_at: datetime
    customer_email: str | None


def lock_network(tenant_id: int, network: str) -> None:
    """Let other transactions of public callers on this network wait until this one ends."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"), _lock_key(tenant_id, network))


def try_lock_network(tenant_id: int, network: str) -> bool:
    """Lock the network as `lock_network` does, unless another transaction has; return whether it is locked."""
    query = text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
    return bool(db.session.execute(query, _lock_key(tenant_id, network)).scalar())


def _lock_key(tenant_id: int, network: str) -> dict[str, str]:
    return {"network": f"{tenant_id}:{network}"}


def list_reserved(tenant_id: int, network: str) -> list[ReservedUnits]:
    """List the units that are reserved for orders of this network."""
    query = (
        select(
            StockReservation.order_id,
            Order.customer_email,
            StockReservation.product_id,
            StockReservation.quantity,
            StockReservation.expires_at,
        )
        .join(
            Order, (Order.tenant_id == StockReservation.tenant_id) & (Order.id == StockReservation.order_id)
        )
        .where(
            StockReservation.tenant_id == tenant_id,
            StockReservation.state == ReservationState.RESERVED,
            Order.opener_network == network,
        )
    )
    return [ReservedUnits(*row) for row in db.session.execute(query)]


def list_free_orders(tenant_id: int, network: str, *, since: datetime) -> list[OpenedFree]:
    """List the free orders that this network has opened since then, oldest first."""
    query = (
        select(Order.created_at, Order.customer_email)
        .where(
            Order.tenant_id == tenant_id,
            Order.opener_network == network,
            Order.created_at > since,
            Order.amount == 0,
        )
        .order_by(Order.created_at)
    )
    return [OpenedFree(*row) for row in db.session.execute(query)]
