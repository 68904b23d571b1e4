"""One file for each kind of Stripe object; importing this registers them all."""

from lumira.webhooks.handlers import checkout_sessions, disputes, payment_intents, refunds

__all__ = ["checkout_sessions", "disputes", "payment_intents", "refunds"]
