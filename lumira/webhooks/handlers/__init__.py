"""One file for each kind of Stripe object; importing this registers them all."""

from lumira.webhooks.handlers import payment_intents

__all__ = ["payment_intents"]
