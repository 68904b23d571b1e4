"""Use cases of the whole installation."""
