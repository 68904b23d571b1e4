"""What the page of an order shows besides the story itself: the sentence, names of operators, and links to Stripe."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.domain.goods.addresses import lines_of
from lumira.domain.goods.carriers import name_of
from lumira.domain.timeline import TimelineEntry
from lumira.domain.waiting_texts import sentence
from lumira.models import Language, Shipment
from lumira.notifications.formatting import Formatter
from lumira.pages.dashboard import actors
from lumira.pages.dashboard.stripe_links import url_at_stripe
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.orders.view_order_story import OrderStory


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One order as an operator sees it."""

    story: OrderStory
    language: Language

    @property
    def why(self) -> str | None:
        """Why the order is not completed, or what of a completed one is outstanding; `None` if nothing is."""
        if self.story.waiting is None:
            return None
        return sentence(self.story.waiting, self.language, self._formatter.moment)

    @property
    def _formatter(self) -> Formatter:
        return Formatter(self.language, ZoneInfo(self.story.tenant.time_zone))

    def amount(self, minor_units: int, currency: str) -> str:
        """Return an amount in the operator's language."""
        return self._formatter.amount(minor_units, currency)

    @property
    def is_completed(self) -> bool:
        """Whether the order was fulfilled."""
        return self.story.order.completed_at is not None

    @property
    def delivery_lines(self) -> list[str]:
        """Where the order is sent, line by line; the country alone until the address is known."""
        return lines_of(self.story.order.shipping_address, self.language)

    def at_stripe(self, stripe_id: str | None) -> str | None:
        """Return the URL at which Stripe's Dashboard shows an object; `None` if it has no page of its own."""
        return url_at_stripe(
            stripe_id, account=self.story.tenant.stripe_account, livemode=self.story.order.livemode
        )

    def actor(self, actor: str) -> str:
        """Return who acted, as the team knows them."""
        return actors.name_of(actor, self.story.operators, self.language)

    def product(self, line_id: UUID) -> str:
        """Return the name of the product of a line."""
        return next((line.product_name for line in self.story.order.lines if line.id == line_id), "")

    def named(self, product_id: str) -> str:
        """Return the name under which the order sold a product; its id if it sold none of it."""
        lines = self.story.order.lines
        return next((line.product_name for line in lines if line.product_id == product_id), product_id)

    def carrier(self, shipment: Shipment) -> str:
        """Return how the carrier of a parcel is named; empty if the shop named none."""
        return name_of(shipment.carrier) or ""

    def files(self, count: int) -> str:
        """Return how many files there are, in words."""
        words: Mapping[str, str] = TEXTS[self.language]["order"]
        return words["no_file" if not count else "one_file" if count == 1 else "files"].format(count)

    def reason(self, entry: TimelineEntry) -> str:
        """Return why an entry happened: for access, the product and the reason in the operator's language."""
        if entry.what not in {"granted", "revoked", "expired"}:
            return self.word("kinds", entry.why)
        product_id, _, reason = (entry.why or "").partition(": ")
        words = [self.named(product_id)] + ([self.word("reasons_of_access", reason)] if reason else [])
        return str(TEXTS[self.language]["order"]["colon"]).join(words)

    def word(self, kind: str, name: str | None) -> str:
        """Return the word for a state, a kind or an action; its stored name if there is none."""
        words: Mapping[str, str] = TEXTS[self.language]["order"][kind]
        return words.get(str(name), str(name or ""))
