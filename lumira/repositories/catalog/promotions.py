"""Promotion codes: found, and their uses counted by conditional updates."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.domain.promotions import USE_CHANGES
from lumira.models import Order, PromotionCode, PromotionUse
from lumira.models.customer import mailbox_key
from lumira.repositories.orders.orders import load_rows

#: What counts for the limit of a customer: an order beyond the limit of the code too.
_OF_CUSTOMER = (PromotionUse.RESERVED, PromotionUse.REDEEMED, PromotionUse.BEYOND_LIMIT)


def find_by_code(tenant_id: int, code: str) -> PromotionCode | None:
    """Return the code with this normalised text, active or not."""
    return db.session.execute(
        select(PromotionCode).where(PromotionCode.tenant_id == tenant_id, PromotionCode.code == code)
    ).scalar_one_or_none()


def list_newest(
    tenant_id: int, *, text: str = "", after: UUID | None = None, limit: int | None = None
) -> list[PromotionCode]:
    """Return codes of the tenant, the newest first: those after one, and with a text those that contain it."""
    query = select(PromotionCode).where(PromotionCode.tenant_id == tenant_id)
    if text:
        query = query.where(PromotionCode.code.contains(text, autoescape=True))
    if after is not None:
        query = query.where(PromotionCode.id < after)
    query = query.order_by(PromotionCode.id.desc())
    return list(db.session.execute(query if limit is None else query.limit(constant(limit))).scalars())


def list_orders(tenant_id: int, promotion_id: UUID, *, limit: int) -> Sequence[Order]:
    """Return the newest orders that were opened with the code, without what belongs to them but their lines."""
    query = select(Order).where(Order.tenant_id == tenant_id, Order.promotion_code_id == promotion_id)
    found = db.session.execute(query.order_by(Order.id.desc()).limit(constant(limit))).scalars().all()
    return load_rows(tenant_id, found, (Order.lines,))


def list_disagreements(tenant_id: int) -> list[str]:
    """Return a sentence for each code whose figures are not the numbers of its orders; none if all agree.

    One statement, and so one snapshot: an order that is settled meanwhile is in both figures or in none.
    """
    counted = [
        func.count(Order.id).filter(Order.promotion_use == use)
        for use in (PromotionUse.RESERVED, PromotionUse.REDEEMED)
    ]
    query = (
        select(PromotionCode.code, PromotionCode.reserved, PromotionCode.redeemed, *counted)
        .outerjoin(
            Order,
            (Order.tenant_id == PromotionCode.tenant_id) & (Order.promotion_code_id == PromotionCode.id),
        )
        .where(PromotionCode.tenant_id == tenant_id)
        .group_by(PromotionCode.tenant_id, PromotionCode.id)
        .order_by(PromotionCode.id)
    )
    return [
        f"{code}: {reserved} reserved and {redeemed} redeemed, should be {of_orders[0]} and {of_orders[1]}"
        for code, reserved, redeemed, *of_orders in db.session.execute(query)
        if (reserved, redeemed) != tuple(of_orders)
    ]


def has_active(tenant_id: int) -> bool:
    """Whether the tenant has a code that is active, valid now or not."""
    active = exists().where(PromotionCode.tenant_id == tenant_id, PromotionCode.active)
    return bool(db.session.execute(select(active)).scalar_one())


def lock(tenant_id: int, code_ids: Iterable[UUID]) -> None:
    """Lock the codes of several orders by their ids, before the orders are settled."""
    db.session.execute(
        select(PromotionCode.id)
        .where(PromotionCode.tenant_id == tenant_id, PromotionCode.id.in_(set(code_ids)))
        .order_by(PromotionCode.id)
        # Without the key: inserting an order needs the row only to exist, and must not wait for this lock.
        .with_for_update(key_share=True)
    ).all()


def move(order: Order, target: PromotionUse) -> bool:
    """Bring the use of the order's code to the target and count it; safe to repeat.

    Returns `False`, and changes nothing, if the code has no use left. The row stays locked until the commit: it is
    locked after the stock.
    """
    before = order.promotion_use
    change = USE_CHANGES.get((before, target)) if before is not None else None
    if change is None:
        return True
    reserved, redeemed = change
    added = reserved + redeemed
    if (reserved, redeemed) != (0, 0) and not _update_uses(order, reserved, redeemed, is_new=added > 0):
        return False
    order.promotion_use = target
    return True


def _update_uses(order: Order, reserved: int, redeemed: int, *, is_new: bool) -> bool:
    change = update(PromotionCode).where(
        PromotionCode.tenant_id == order.tenant_id, PromotionCode.id == order.promotion_code_id
    )
    if is_new:
        has_room = PromotionCode.reserved + PromotionCode.redeemed < PromotionCode.max_uses
        change = change.where(or_(PromotionCode.max_uses.is_(None), has_room))
    updated = db.session.execute(
        change.values(
            reserved=PromotionCode.reserved + reserved,
            redeemed=PromotionCode.redeemed + redeemed,
            updated_at=utc_now(),
        )
        .returning(PromotionCode.id)
        .execution_options(synchronize_session=False)
    )
    return updated.first() is not None


def count_reserved_by_network(order: Order) -> int:
    """Return how many other unpaid orders of the order's network reserve a use of its code; 0 for one without limit."""
    return db.session.execute(
        select(func.count())
        .select_from(Order)
        .join(
            PromotionCode,
            (PromotionCode.tenant_id == Order.tenant_id) & (PromotionCode.id == Order.promotion_code_id),
        )
        .where(
            PromotionCode.max_uses.is_not(None),
            Order.tenant_id == order.tenant_id,
            Order.promotion_code_id == order.promotion_code_id,
            Order.promotion_use == PromotionUse.RESERVED,
            Order.opener_network == order.opener_network,
            Order.id != order.id,
        )
    ).scalar_one()


def is_used_up_by(order: Order) -> bool:
    """Whether the order's customer has used its code more often than one may, this order included.

    Called once the order's use is counted: whoever enters the code at the same time waits for the code's row, and then
    sees this order. Addresses of one mailbox are one customer.
    """
    limit = db.session.execute(
        select(PromotionCode.max_uses_per_customer).where(
            PromotionCode.tenant_id == order.tenant_id, PromotionCode.id == order.promotion_code_id
        )
    ).scalar_one()
    if limit is None:
        return False
    local, at, domain = mailbox_key(order.customer_email or "").rpartition("@")
    used = db.session.execute(
        select(func.count())
        .select_from(Order)
        .where(
            Order.tenant_id == order.tenant_id,
            Order.promotion_code_id == order.promotion_code_id,
            Order.id != order.id,
            Order.promotion_use.in_(_OF_CUSTOMER),
            or_(
                Order.email_key == f"{local}{at}{domain}",
                Order.email_key.startswith(f"{local}+", autoescape=True)
                & Order.email_key.endswith(f"{at}{domain}", autoescape=True),
            ),
        )
    ).scalar_one()
    return used >= limit
