"""What use cases with an idempotency key share."""
