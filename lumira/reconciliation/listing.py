"""Reading what many orders wait for by listing: Stripe returns a hundred objects in one call, newest first.

A listing is only ever an advantage. An object that it does not contain may exist, because a list may be late, be
refused to the key, or be cut off here: what is absent is read by its id.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lumira.clients import stripe_client
from lumira.database import atomic
from lumira.domain.stripe.objects import read_time
from lumira.errors.stripe import StripePermissionMissing, StripeUnavailable
from lumira.repositories.orders import order_polls
from lumira.repositories.orders.order_polls import Awaited
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.threads import side_by_side

#: Objects that one thread looks for, and how many threads list for one tenant.
_SLICE, _THREADS = 100, 4
#: Stripe created an object at most this long before its response was recorded, or this long after by its own clock.
_EARLIER, _LATER = timedelta(seconds=30), timedelta(seconds=2)
#: Pages without a wanted object, for each object that is wanted, until reading by id is cheaper: other shops may share
#: the account, and a busy one creates many objects in a second.
_PAGES_IN_VAIN = 0.1
#: Seconds for which a listed object is as good as one that is read by its id.
_FRESH = 10.0


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects that Stripe listed, by id."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed_at: float = field(default_factory=time.monotonic)

    def find(self, stripe_id: str) -> dict[str, Any] | None:
        """Return the object as it was listed; `None` says nothing about it."""
        return self.objects.get(stripe_id)

    def find_fresh(self, stripe_id: str) -> dict[str, Any] | None:
        """Return the object if it was listed just now."""
        return self.find(stripe_id) if time.monotonic() - self.listed_at < _FRESH else None


#: Requests a page of what was created between two times.
_ListPage = Callable[..., stripe_client.Page]


class Lister:
    """Lists for one tenant during one run; after a list was refused or failed, it lists nothing more."""

    def __init__(self, account: StripeAccount | None) -> None:
        self._account = account
        self._is_usable = account is not None

    def list_awaited(self, tenant_id: int, order_ids: Sequence[Any]) -> Listed:
        """Return the payments and sessions that these orders wait for, as far as a list contains them."""
        listed = Listed()
        if self._is_usable and len(order_ids) > 1:
            with atomic(tenant_id):
                awaited = order_polls.list_awaited(tenant_id, order_ids)
            self._list(stripe_client.list_payment_intents, awaited.payments, listed)
            self._list(stripe_client.list_checkout_sessions, awaited.sessions, listed)
        return listed

    def _list(self, list_page: _ListPage, wanted: Sequence[Awaited], listed: Listed) -> None:
        if len(wanted) < 2:  # noqa: PLR2004 - one is read by its id
            return
        newest_first = sorted(wanted, key=lambda one: one.created_at, reverse=True)
        slices = [newest_first[start : start + _SLICE] for start in range(0, len(newest_first), _SLICE)]

        def list_part(part: Sequence[Awaited]) -> None:
            try:
                if self._is_usable and self._account is not None:
                    list_slice(list_page, self._account, part, listed.objects)
            except (StripePermissionMissing, StripeUnavailable, stripe_client.StripeRefused):
                # The calls that read by id report what is wrong, if it concerns them.
                self._is_usable = False

        side_by_side(slices, list_part, threads=_THREADS)


def list_slice(
    list_page: _ListPage,
    account: StripeAccount,
    wanted: Sequence[Awaited],
    found: dict[str, dict[str, Any]],
) -> None:
    """Add the wanted objects, which are sorted newest first; pages that contain none of them are left out."""
    window = _Window.now()
    since, until, after = window.earliest(wanted[-1]), window.latest(wanted[0]), None
    pages_left = 2 + _PAGES_IN_VAIN * len(wanted)
    while pages_left >= 1:
        page = list_page(account, since=since, until=until, after=after)
        ids = {one.stripe_id for one in wanted}
        new = {item["id"]: item for item in page.objects if item.get("id") in ids}
        found.update(new)
        pages_left += len(new) - 1
        reached = read_time(page.objects[-1].get("created")) if page.has_more else None
        if reached is None:
            return
        # What is found is not wanted any more, nor what newer pages should have contained.
        wanted = [one for one in wanted if one.stripe_id not in found and window.earliest(one) <= reached]
        if not wanted:
            return
        if window.latest(wanted[0]) < reached:
            until, after = window.latest(wanted[0]), None
        else:
            after = page.objects[-1]["id"]


@dataclass(frozen=True, slots=True)
class _Window:
    """When Stripe may have created an object, by its own clock."""

    difference: timedelta

    @classmethod
    def now(cls) -> "_Window":
        return cls(stripe_client.clock_difference())

    def earliest(self, one: Awaited) -> datetime:
        return one.created_at + min(self.difference, timedelta()) - _EARLIER

    def latest(self, one: Awaited) -> datetime:
        # A response that is received late makes Stripe's clock seem slow, so this is never brought forward.
        return one.created_at + max(self.difference, timedelta()) + _LATER
