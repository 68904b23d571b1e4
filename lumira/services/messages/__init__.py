"""Use cases about messages: what was sent, what was not, and what an operator does about it."""
