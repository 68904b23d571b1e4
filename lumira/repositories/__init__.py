"""Queries, one module a table or aggregate, inside the caller's transaction."""
