"""What use cases under an idempotency key share: the reply, and the release of the key."""
