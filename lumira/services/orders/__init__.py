"""Use cases about orders: viewing them, and decisions of operators about them."""
