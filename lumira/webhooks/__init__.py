"""Stripe's events: stored in an inbox, and processed into facts on orders."""
