"""How many payments a public caller opens, and for how many mailboxes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g

from lumira import extensions
from lumira.domain.commands import CheckoutCommand
from lumira.errors import RateLimited

_View = TypeVar("_View", bound=Callable[..., Any])


def limited_checkout(view: _View) -> _View:
    """Limit how many payments one network opens for one mailbox, and for how many mailboxes.

    Everything counts for the network that sends the call: a stranger must not use up a buyer's limit. The tenant's
    own backend opens payments for all its buyers, and is not limited.
    """

    @wraps(view)
    def limited(command: CheckoutCommand) -> Any:
        if command.customer_email is None or not g.caller.is_public or not extensions.of().limiter.enabled:
            return view(command)
        counted = _count(command.customer_email)
        try:
            reply = view(command)
        except Exception:
            counted.give_back()
            raise
        if "Idempotency-Replayed" in reply[2]:
            counted.give_back()
        return reply

    return cast(_View, limited)


@dataclass(frozen=True, slots=True)
class _CountedPayment:
    """A payment that counts for its mailbox and its network."""

    network: str
    mailbox: str

    def give_back(self) -> None:
        """Count it no longer: no payment was opened."""
        http = extensions.of()
        http.email_quota.give_back(f"{self.network}:{self.mailbox}")
        http.mailboxes_quota.give_back_distinct(self.network, self.mailbox)


def _count(email: str) -> _CountedPayment:
    """Count a payment before it is opened; raises `RateLimited`."""
    http = extensions.of()
    counted = _CountedPayment(
        f"{g.tenant_id}:{extensions.callers_network()}", extensions.mailbox_digest(g.tenant_id, email)
    )
    http.mailboxes_quota.take_distinct(counted.network, counted.mailbox)
    try:
        http.email_quota.take(f"{counted.network}:{counted.mailbox}")
    except RateLimited:
        http.mailboxes_quota.give_back_distinct(counted.network, counted.mailbox)
        raise
    return counted
