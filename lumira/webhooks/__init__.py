"""Stripe's events: taken in, and turned into facts."""
