"""What the pages of payouts show besides the payouts themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from lumira.models import Language, Payout
from lumira.notifications.formatting import Formatter
from lumira.pages.dashboard.stripe_links import url_at_stripe
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.payouts.view_payouts import PayoutLine, PayoutView

#: Lines that the page shows; a payout of a large shop has thousands.
MOST_LINES = 500


def state_of(payout: Payout, language: Language) -> tuple[str, bool]:
    """Return whether a payout matches the orders, in words, and whether it needs a look."""
    words: dict[str, Any] = TEXTS[language]["payouts"]
    if payout.mismatches:
        return words["mismatched"], True
    if payout.mismatches is not None:
        return words["matched"], False
    return words["not_compared" if payout.is_automatic else "manual"], False


@dataclass(frozen=True, slots=True)
class PayoutPage:
    """One payout as an operator sees it."""

    view: PayoutView
    language: Language
    zone: ZoneInfo

    @property
    def lines(self) -> Sequence[PayoutLine]:
        """The lines that the page shows."""
        return self.view.lines[:MOST_LINES]

    @property
    def is_shortened(self) -> bool:
        return len(self.view.lines) > MOST_LINES

    @property
    def at_stripe(self) -> str | None:
        """The URL at which Stripe's Dashboard shows the payout."""
        payout = self.view.payout
        return url_at_stripe(
            payout.stripe_payout_id, account=self.view.stripe_account, livemode=payout.livemode
        )

    def type_of(self, line: PayoutLine) -> str:
        """Return what a line is, in words; an unknown type as Stripe writes it."""
        words: dict[str, str] = TEXTS[self.language]["payouts"]["types"]
        category = line.transaction.reporting_category or line.transaction.type or ""
        return words.get(category, category)

    def sentence(self, mismatch: dict[str, Any]) -> str:
        """Return what does not match, in one sentence."""
        words: dict[str, str] = TEXTS[self.language]["payouts"]["reasons"]
        currency, formatter = self.view.payout.currency, Formatter(self.language, self.zone)
        amounts = {
            name: formatter.amount(mismatch[name], currency)
            for name in ("expected", "found")
            if name in mismatch
        }
        return words[mismatch["reason"]].format(**amounts)
