"""Use cases about Stripe's events: what was received, and what became of it."""
