"""Checkout Sessions: orders that the buyer pays on a page hosted by Stripe."""
