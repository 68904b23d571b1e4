"""One file for each kind of Stripe object; importing this registers them all."""

from lumira.webhooks.handlers import disputes, payment_intents, refunds

__all__ = ["disputes", "payment_intents", "refunds"]
