"""Shows the page on which a buyer pays with Stripe's Payment Element."""

from dataclasses import dataclass, field

from lumira.clients.stripe_js import StripeJs, stripe_js
from lumira.services.checkout.refresh_payment import refresh_payment
from lumira.services.checkout.view_opened import OpenedOrder, view_opened


@dataclass(frozen=True, slots=True)
class PaymentView:
    """An order, and what Stripe.js needs so that its buyer can pay it; `None` if it cannot be paid here now."""

    opened: OpenedOrder
    script: StripeJs
    #: Of the PaymentIntent: whoever has it can pay it and read its state.
    client_secret: str | None = field(repr=False)
    publishable_key: str | None
    stripe_account: str | None

    @property
    def is_payable(self) -> bool:
        return self.client_secret is not None and self.publishable_key is not None


def view_payment(tenant_id: int, order_number: str) -> PaymentView:
    """Return an order and its PaymentIntent in the state that Stripe has now, for the visitor who opened it.

    Raises as `refresh_payment`.
    """
    intent = refresh_payment(tenant_id, order_number)
    opened = view_opened(tenant_id, order_number)
    is_payable = intent is not None and opened.is_payable_here
    return PaymentView(
        opened,
        stripe_js(),
        client_secret=intent["client_secret"] if intent is not None and is_payable else None,
        publishable_key=opened.tenant.stripe_publishable_key,
        stripe_account=opened.tenant.stripe_account,
    )
