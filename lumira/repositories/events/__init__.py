"""Stripe's events: the inbox, what was refused, and probes."""
