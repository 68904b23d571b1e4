"""What leaves the house: Stripe and mail; thin, typed, with timeouts."""
