"""What Stripe's objects say, and what is requested of Stripe."""
