"""The state of one order at Stripe, read outside any transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from lumira.clients import stripe_client, stripe_disputes
from lumira.domain.stripe.objects import read_funded_amount
from lumira.models import RequestKind
from lumira.reconciliation.cancel_abandoned import Closing, cancel_intent, expire_session
from lumira.reconciliation.listing import Listed
from lumira.reconciliation.poll_plan import PollPlan
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.call_stripe import find_at_stripe

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class StripeState:
    """Stripe's objects as returned by its API."""

    sessions: tuple[Mapping[str, Any], ...] = ()
    intents: tuple[Mapping[str, Any], ...] = ()
    refunds: tuple[Mapping[str, Any], ...] = ()
    disputes: tuple[Mapping[str, Any], ...] = ()
    fraud_warnings: tuple[Mapping[str, Any], ...] = ()
    #: The charges of succeeded payments, if the buyer's address was looked up.
    charges: tuple[Mapping[str, Any], ...] = ()
    #: Ids of the order's payments and sessions that Stripe does not know.
    missing: tuple[str, ...] = ()
    #: Whether this poll closed a session or an intent because the order is abandoned.
    has_closed_payment: bool = False
    #: The permissions that the key lacks: what needs them was not read or not closed.
    forbidden: tuple[stripe_client.StripePermissionMissing, ...] = ()
    #: Whether Stripe was called at all.
    is_read: bool = True


#: Nothing was looked up: the key has no access to the order's payments.
NOT_READ = StripeState(is_read=False)


@dataclass(frozen=True, slots=True)
class _Calls:
    """The calls for one order: one that the key may not make does not prevent the others."""

    forbidden: dict[str, stripe_client.StripePermissionMissing] = field(default_factory=dict)
    listed: Listed = field(default_factory=Listed)

    def attempt(self, call: Callable[[], _Result], *, otherwise: _Result) -> _Result:
        """Return the result of the call, or `otherwise` if the key lacks the permission for it."""
        try:
            return call()
        except stripe_client.StripePermissionMissing as error:
            self.forbidden[error.permission] = error
            return otherwise


def fetch_and_close(account: StripeAccount, plan: PollPlan, listed: Listed | None = None) -> StripeState:
    """Return what Stripe holds about the order; of an abandoned order after closing what can still be paid.

    What was listed just now is not read again. Leaves out what the key may not read, and raises what else the client
    raises.
    """
    calls = _Calls(listed=listed or Listed())
    sessions, missing_sessions = _fetch_sessions(account, plan, calls)
    intents, missing_intents = _fetch_intents(account, plan, sessions, calls)
    has_closed_payment = False
    if plan.is_abandoned:
        sessions, intents, has_closed_payment = _close_unpaid(account, plan, sessions, intents, calls)
    paid_ids = [str(intent.get("id")) for intent in intents if intent.get("status") == "succeeded"]
    return StripeState(
        sessions=tuple(sessions),
        intents=tuple(intents),
        refunds=_list_of_payments(stripe_client.list_refunds, account, paid_ids, calls),
        disputes=_list_of_payments(stripe_disputes.list_disputes, account, paid_ids, calls),
        fraud_warnings=_list_warnings(account, paid_ids, calls),
        charges=_fetch_charges(account, intents, calls) if plan.lacks_recipient else (),
        missing=(*missing_sessions, *missing_intents),
        has_closed_payment=has_closed_payment,
        forbidden=tuple(calls.forbidden.values()),
    )


def _fetch_sessions(
    account: StripeAccount, plan: PollPlan, calls: _Calls
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the order's sessions, and the ids of those that Stripe does not know."""
    sessions, missing = _fetch_each(
        partial(stripe_client.get_checkout_session, account), plan.session_ids, calls
    )
    if plan.request_kind is RequestKind.CHECKOUT_SESSION:
        orphan = _find_orphan(account, plan, calls)
        sessions += [orphan] if orphan else []
    return sessions, missing


def _fetch_intents(
    account: StripeAccount, plan: PollPlan, sessions: Sequence[Mapping[str, Any]], calls: _Calls
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the intents of the order and of its sessions, and the ids of those that Stripe does not know."""
    of_sessions = [intent for session in sessions if isinstance(intent := session.get("payment_intent"), str)]
    intent_ids = dict.fromkeys((*plan.payment_intent_ids, *of_sessions))
    intents, missing = _fetch_each(partial(stripe_client.get_payment_intent, account), intent_ids, calls)
    if plan.request_kind is RequestKind.PAYMENT_INTENT:
        orphan = _find_orphan(account, plan, calls)
        # An intent that is known already was created by an earlier request.
        intents += [orphan] if orphan and orphan.get("id") not in intent_ids else []
    return intents, missing


def _find_orphan(account: StripeAccount, plan: PollPlan, calls: _Calls) -> dict[str, Any] | None:
    """Return the object that Stripe created although its response was lost; `None` if there is none."""
    if plan.lookup is None:
        return None
    return calls.attempt(partial(find_at_stripe, account, plan.request_kind, plan.lookup), otherwise=None)


def _fetch_charges(
    account: StripeAccount, intents: Iterable[Mapping[str, Any]], calls: _Calls
) -> tuple[dict[str, Any], ...]:
    """Return the charges of the succeeded intents."""
    charge_ids = [
        charge_id
        for intent in intents
        if intent.get("status") == "succeeded" and isinstance(charge_id := intent.get("latest_charge"), str)
    ]
    charges, _ = _fetch_each(partial(stripe_client.get_charge, account), charge_ids, calls)
    return tuple(charges)


def _fetch_each(
    get: Callable[[str], dict[str, Any]], stripe_ids: Iterable[str], calls: _Calls
) -> tuple[list[dict[str, Any]], list[str]]:
    objects: list[dict[str, Any]] = []
    missing: list[str] = []
    for stripe_id in stripe_ids:
        try:
            fetched = calls.listed.find_fresh(stripe_id) or calls.attempt(
                partial(get, stripe_id), otherwise=None
            )
        except stripe_client.StripeRefused as error:
            if error.code != "resource_missing":
                raise
            missing.append(stripe_id)
        else:
            objects += [fetched] if fetched is not None else []
    return objects, missing


def _list_of_payments(
    list_objects: Callable[[StripeAccount, str], Iterable[dict[str, Any]]],
    account: StripeAccount,
    payment_intent_ids: Iterable[str],
    calls: _Calls,
) -> tuple[dict[str, Any], ...]:
    """Return the refunds, the disputes or the fraud warnings of these payments."""

    def list_all() -> tuple[dict[str, Any], ...]:
        return tuple(item for paid_id in payment_intent_ids for item in list_objects(account, paid_id))

    return calls.attempt(list_all, otherwise=())


def _list_warnings(
    account: StripeAccount, payment_intent_ids: Iterable[str], calls: _Calls
) -> tuple[dict[str, Any], ...]:
    """Return the fraud warnings about these payments; none if Stripe refuses the list, which all else does not need."""
    try:
        return _list_of_payments(stripe_disputes.list_fraud_warnings, account, payment_intent_ids, calls)
    except stripe_client.StripeRefused:
        return ()


def _close_unpaid(
    account: StripeAccount,
    plan: PollPlan,
    sessions: list[dict[str, Any]],
    intents: list[dict[str, Any]],
    calls: _Calls,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Close what could still be paid; returns sessions and intents as they are then, and whether any was closed."""
    closings = [
        calls.attempt(partial(expire_session, account, session), otherwise=Closing(session, is_closed=False))
        for session in sessions
    ]
    closes_transfers = plan.closes_here or plan.is_transfer_overdue
    # Stripe closes the intent of a session together with the session, and refuses to cancel it alone.
    if not sessions and not plan.session_ids:
        closings_of_intents = [
            calls.attempt(
                partial(
                    cancel_intent,
                    account,
                    intent,
                    poll=plan.polls,
                    closes_transfers=closes_transfers
                    and (plan.closes_here or not read_funded_amount(intent)),
                ),
                otherwise=Closing(intent, is_closed=False),
            )
            for intent in intents
        ]
        intents = [closing.stripe_object for closing in closings_of_intents]
    else:
        closings_of_intents = []
    is_any_closed = any(closing.is_closed for closing in (*closings, *closings_of_intents))
    return [closing.stripe_object for closing in closings], intents, is_any_closed
