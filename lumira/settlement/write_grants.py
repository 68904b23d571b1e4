"""Writes the access grants that follow from the facts on an order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from lumira.domain.outcome import GrantState
from lumira.models import AccessGrant, GrantReason, Order, OrderLine
from lumira.repositories.audit import audit
from lumira.repositories.fulfilment import deliverables


def write_grants(order: Order, states: Mapping[UUID, GrantState], *, actor: str, now: datetime) -> None:
    """Create and change the grants of a locked order to be as `states` says, by the id of their order line."""
    grants = {grant.order_line_id: grant for grant in order.grants}
    for line in order.lines:
        state, grant = states.get(line.id), grants.get(line.id)
        if state is None or (
            grant is not None and (grant.active, grant.reason) == (state.active, state.reason)
        ):
            continue
        if grant is None:
            order.grants.append(_new_grant(order, line, state, now))
            deliverables.create_for_line(order, line)
        else:
            grant.active, grant.reason = state.active, state.reason
            grant.revoked_at = None if state.active else (grant.revoked_at or now)
        audit.record(
            order.tenant_id,
            actor=actor,
            action="access_granted" if state.active else "access_revoked",
            subject=f"order:{order.id}",
            product=line.product_id,
            reason=str(state.reason),
        )


def list_restored(order: Order, states: Mapping[UUID, GrantState]) -> list[AccessGrant]:
    """Return the grants that an operator or a fraud warning closed and that `states` restores.

    None if the order has no e-mail address.
    """
    if order.customer_email is None:
        return []
    return [
        grant
        for grant in order.grants
        if grant.reason in (GrantReason.OPERATOR, GrantReason.FRAUD_WARNING)
        and not grant.active
        and (state := states.get(grant.order_line_id)) is not None
        and state.active
    ]


def _new_grant(order: Order, line: OrderLine, state: GrantState, now: datetime) -> AccessGrant:
    return AccessGrant(
        order_line_id=line.id,
        customer_id=order.customer_id,
        product_id=line.product_id,
        level_number=line.level_number,
        active=state.active,
        reason=state.reason,
        granted_at=now,
        revoked_at=None if state.active else now,
        expires_at=_expires_at(order, line),
        included_products=line.included_products,
    )


def _expires_at(order: Order, line: OrderLine) -> datetime | None:
    """The days of access that the line has count from the order's fulfillment; `None` for access without an end."""
    if line.access_days is None or order.completed_at is None:
        return None
    return order.completed_at + timedelta(days=line.access_days)
