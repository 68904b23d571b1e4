"""Tenants: their domains, credentials, keys and figures, and all their rows."""
