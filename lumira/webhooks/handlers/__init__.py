"""The handlers, one module per Stripe object; importing this package registers them."""

from lumira.webhooks.handlers import (
    balance,
    checkout_sessions,
    disputes,
    fraud_warnings,
    payment_intents,
    refunds,
)

__all__ = ["balance", "checkout_sessions", "disputes", "fraud_warnings", "payment_intents", "refunds"]
