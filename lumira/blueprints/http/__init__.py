"""What surrounds every request: errors, headers, CORS, idempotency, the OpenAPI document."""
