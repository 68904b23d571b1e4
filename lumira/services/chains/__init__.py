"""What the use cases of hash chains share: the signed heads that are stored outside the database."""
