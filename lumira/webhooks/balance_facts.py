"""What a batch of events says about the account's balance: collected event by event, and recorded once."""

from dataclasses import dataclass, field
from datetime import datetime

from lumira.domain.payouts import record_payout
from lumira.domain.stripe.balance import NamedMovement, PayoutFacts
from lumira.models import EventStatus, Tenant, WebhookEvent
from lumira.repositories.accounting import balance_transactions, payouts
from lumira.settlement.alert_payouts import alert_failed
from lumira.webhooks.event_states import close
from lumira.webhooks.parsed_event import ParsedContent
from lumira.webhooks.registry import BalanceHandler


@dataclass(slots=True)
class BalanceFacts:
    """The balance transactions and payouts that a batch of events names."""

    movements: list[NamedMovement] = field(default_factory=list)
    payouts: list[PayoutFacts] = field(default_factory=list)

    def apply(
        self,
        tenant: Tenant,
        event: WebhookEvent,
        content: ParsedContent,
        handler: BalanceHandler,
        now: datetime,
    ) -> None:
        """Read one event, and close it. Raises `MalformedObject`.

        A charge of another shop with the same Stripe account is foreign; a payout contains the sales of all of them.
        """
        facts = handler(content.event_object)
        if any(livemode != tenant.livemode for livemode in content.livemodes):
            # The tenant's key reads nothing of the other mode.
            close(event, EventStatus.IGNORED, "other_mode", now)
            return
        if isinstance(facts, PayoutFacts):
            self.payouts.append(facts)
        elif not content.reference.may_find_order(tenant.slug):
            close(event, EventStatus.FOREIGN, "foreign", now)
            return
        elif facts is not None:
            self.movements.append(facts)
        close(event, EventStatus.PROCESSED, None, now)

    def record(self, tenant: Tenant, now: datetime) -> None:
        """Write what was collected; makes no statement if there is nothing."""
        locked = payouts.lock_or_create(tenant.id, self.payouts) if self.payouts else {}
        for facts in self.payouts:
            record_payout(locked[facts.id], facts, now=now)
        if self.movements:
            balance_transactions.announce(tenant.id, self.movements, livemode=tenant.livemode, now=now)
        for payout in locked.values():
            alert_failed(payout)
