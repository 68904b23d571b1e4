"""Checkout Sessions: a sale that the buyer pays on a page of Stripe's own."""
