"""What the shop does with the goods of a paid order, through Lumira's API: parcels, deliveries and returns."""

import time
from collections.abc import Generator
from typing import Any

from tests.chaos.behaviour import Parcels
from tests.chaos.purchase_log import Entry
from tests.chaos.retrying import GIVE_UP_AFTER, retry
from tests.chaos.schedule import Task
from tests.chaos.shop import Shop

_POLL_EVERY = 2.0
_SHIPPABLE = ("completed", "partially_refunded")
#: The money is back, or may be soon: nothing is sent any more.
_OVER = ("refunded", "disputed", "cancelled")
#: A refund or a dispute was faster than the shop.
_REFUSED = 409

Call = Generator[float, None, dict[str, Any] | None]


def run(shop: Shop, entry: Entry) -> Task:
    """Do the planned steps, as long as the order permits them."""
    if not (yield from _wait_until_shippable(shop, entry)):
        return
    number, pause = entry.opened[0]["orderNumber"], 0.2 + entry.purchase.pace * 2
    plan, product = entry.purchase.parcels, next(iter(entry.purchase.goods))
    entry.record(f"parcels: {plan}")
    one = {"lines": [{"productId": product, "quantity": 1}]}
    shipped = yield from _post(shop, entry, f"{number}/shipments", one if plan is Parcels.IN_PARTS else {})
    if shipped is None:
        return
    yield pause
    parcel = f"{number}/shipments/{shipped['id']}"
    match plan:
        case Parcels.IN_PARTS:
            yield from _post(shop, entry, f"{number}/shipments", {})
        case Parcels.CANCELLED:
            yield from _post(shop, entry, parcel, {"cancelled": True})
            yield pause
            yield from _post(shop, entry, f"{number}/shipments", {"carrier": "ups"})
        case Parcels.DELIVERED:
            yield from _post(shop, entry, parcel, {"deliveredAt": shipped["shippedAt"]})
        case Parcels.RETURNED | Parcels.RETURNED_DAMAGED | Parcels.RETURNED_REFUNDED:
            condition = "damaged" if plan is Parcels.RETURNED_DAMAGED else "restockable"
            line = {"productId": product, "quantity": 1, "condition": condition}
            body = {"lines": [line], "refund": plan is Parcels.RETURNED_REFUNDED}
            yield from _post(shop, entry, f"{number}/returns", body)


def _wait_until_shippable(shop: Shop, entry: Entry) -> Generator[float, None, bool]:
    deadline = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < deadline:
        status = shop.order(entry.opened[0]["orderNumber"]).body.get("status")
        if status in _SHIPPABLE:
            return True
        if status in _OVER:
            return False
        yield _POLL_EVERY
    return False


def _post(shop: Shop, entry: Entry, path: str, body: dict[str, Any]) -> Call:
    """Send a fact about goods; returns the reply, which is logged, or `None` if Lumira refused it."""
    entry.parcel_calls += 1
    key = f"{entry.purchase.key}-parcel-{entry.parcel_calls}"
    response = yield from retry(entry, f"{path} {body}", lambda: shop.change_order(path, body, key))
    if response.status == 200:
        entry.log_parcel(response.body)
        return response.body
    if response.status != _REFUSED:
        entry.failures.append(f"{path} {body}: {response.summary} {response.body}")
    return None
