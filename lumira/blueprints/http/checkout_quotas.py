"""How many payments a public caller opens, and for how many mailboxes."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g

from lumira import extensions
from lumira.domain.commands import CheckoutCommand
from lumira.errors import RateLimited
from lumira.errors.orders import InvalidPromotionCode
from lumira.quotas import Taken, give_back

_View = TypeVar("_View", bound=Callable[..., Any])


def limited_checkout(view: _View) -> _View:
    """Limit how many payments one network opens for one mailbox, and for how many mailboxes.

    Everything counts for the network that sends the call: a stranger must not use up a buyer's limit. The tenant's
    own backend opens payments for all its buyers, and is not limited.
    """

    @wraps(view)
    def limited(command: CheckoutCommand) -> Any:
        if not g.caller.is_public or not extensions.of().limiter.enabled:
            return view(command)
        counted = _count(command.customer_email)
        try:
            with counted_code(command.promotion_code):
                reply = view(command)
        except Exception:
            _give_back(counted)
            raise
        if "Idempotency-Replayed" in reply[2]:
            _give_back(counted)
        return reply

    return cast(_View, limited)


@contextmanager
def counted_code(code: str | None) -> Iterator[None]:
    """Limit how many promotion codes that do not count a public caller's network enters; raises `RateLimited`.

    Counted before the code is looked up, so that calls at the same time pass no limit, and given back unless
    `InvalidPromotionCode` is raised inside.
    """
    http = extensions.of()
    if code is None or not g.caller.is_public or not http.limiter.enabled:
        yield
        return
    taken = http.wrong_codes_quota.take(f"{g.tenant_id}:{extensions.callers_network()}")
    try:
        yield
    except InvalidPromotionCode:
        raise
    except Exception:
        give_back(taken)
        raise
    give_back(taken)


def _count(email: str | None) -> list[Taken]:
    """Count a payment before it is opened; raises `RateLimited`.

    One without an address counts as one for another mailbox: its buyer types the address on Stripe's page.
    """
    http = extensions.of()
    network = f"{g.tenant_id}:{extensions.callers_network()}"
    if email is None:
        return [http.mailboxes_quota.take(network, f"unknown:{secrets.token_hex(8)}")]
    mailbox = extensions.mailbox_digest(g.tenant_id, email)
    counted = [http.mailboxes_quota.take(network, mailbox)]
    try:
        counted.append(http.email_quota.take(f"{network}:{mailbox}"))
    except RateLimited:
        _give_back(counted)
        raise
    return counted


def _give_back(counted: list[Taken]) -> None:
    """Count the payment no longer: none was opened."""
    for taken in counted:
        give_back(taken)
