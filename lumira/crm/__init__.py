"""Dolibarr: what is written there, and what comes back."""
