"""Refunds that Lumira requests from Stripe: decided in one transaction, sent between two."""
