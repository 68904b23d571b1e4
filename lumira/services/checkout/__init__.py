"""Use cases of checkout: open an order and its payment."""
