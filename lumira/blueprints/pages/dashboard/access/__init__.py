"""Who signs in, and an operator's own account."""
