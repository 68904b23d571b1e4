"""Reconciliation with Stripe: what no webhook reported is pulled, looked up and polled."""
