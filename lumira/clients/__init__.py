"""Clients of external services: Stripe, mail servers and storage. Typed, with timeouts, outside transactions."""
