"""What the page of one dispute shows: the fields of the response, and what became of it."""

from dataclasses import dataclass

from lumira.domain.dispute_evidence import FIELDS, MOST_IN_FIELD
from lumira.domain.order_money import disputed_payment
from lumira.models import Language
from lumira.pages.dashboard.dispute_page import why_disputed
from lumira.pages.dashboard.stripe_links import url_at_stripe
from lumira.services.disputes.view_dispute import DisputeView

#: Fields of one line; the others have as many lines as their text, within these bounds.
_SHORT = (
    "customer_name",
    "customer_email_address",
    "service_date",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
)
_FEWEST_LINES, _MOST_LINES = 3, 14


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """One dispute as an operator sees it, with the texts that are in the form."""

    found: DisputeView
    language: Language
    fields: dict[str, str]

    names = FIELDS
    longest = MOST_IN_FIELD

    @property
    def at_stripe(self) -> str | None:
        """The URL of the dispute in Stripe's Dashboard, where files are added."""
        return url_at_stripe(
            self.found.dispute.stripe_dispute_id,
            account=self.found.stripe_account,
            livemode=self.found.order.livemode,
        )

    @property
    def reason(self) -> tuple[str, str]:
        """Why the buyer disputes the payment, and what to send."""
        return why_disputed(self.found.dispute, self.language)

    @property
    def payment_id(self) -> str | None:
        """The payment that is disputed, by Stripe's id."""
        payment = disputed_payment(self.found.order, self.found.dispute)
        return payment.stripe_payment_intent_id if payment else None

    def lines(self, name: str) -> int:
        """Return how many lines the field shows; 0 for a field of one line."""
        if name in _SHORT:
            return 0
        return min(max(self.fields.get(name, "").count("\n") + 2, _FEWEST_LINES), _MOST_LINES)
