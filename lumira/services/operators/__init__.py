"""Operators of the dashboard: their accounts, sessions, and roles at the tenants."""
