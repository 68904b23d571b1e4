"""What the page of disputes shows besides the disputes themselves."""

from dataclasses import dataclass

from lumira.models import AccessGrant, Dispute, Language
from lumira.pages.dashboard.stripe_links import url_at_stripe
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.orders.disputes import ListedDispute
from lumira.services.orders.view_disputes import DisputePage

_OTHER = "general"


@dataclass(frozen=True, slots=True)
class DisputesPage:
    """One page of disputes as an operator sees it."""

    found: DisputePage
    language: Language

    def at_stripe(self, item: ListedDispute) -> str | None:
        """Return the URL at which a response is sent, in the mode and account of the sale."""
        return url_at_stripe(
            item.dispute.stripe_dispute_id,
            account=self.found.stripe_account,
            livemode=item.order.livemode,
        )

    def reason(self, item: ListedDispute) -> tuple[str, str]:
        """Return why the buyer disputes the payment, and what to send; an unknown reason as Stripe writes it."""
        return why_disputed(item.dispute, self.language)

    def grants(self, item: ListedDispute) -> list[AccessGrant]:
        """Return the access that came with the order."""
        return list(item.order.grants)

    def has_goods(self, item: ListedDispute) -> bool:
        """Whether the order has units of stock, which a dispute does not return."""
        return any(line.keeps_stock for line in item.order.lines)


def why_disputed(dispute: Dispute, language: Language) -> tuple[str, str]:
    """Return why the buyer disputes the payment, and what to send; an unknown reason as Stripe writes it."""
    reasons: dict[str, tuple[str, str]] = TEXTS[language]["disputes"]["reasons"]
    stated = dispute.reason
    if stated is None or stated in reasons:
        return reasons[stated or _OTHER]
    return stated, reasons[_OTHER][1]
