"""Idempotency keys: one call has one effect and one reply."""
