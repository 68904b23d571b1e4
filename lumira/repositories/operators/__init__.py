"""Operators: accounts, roles, sessions and invitations."""
