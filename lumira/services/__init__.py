"""Use cases, by domain: each opens its own transactions, calls clients between them, and settles orders."""
