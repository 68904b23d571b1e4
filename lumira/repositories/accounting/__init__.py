"""What Stripe moved and paid out, and what is booked of it."""
