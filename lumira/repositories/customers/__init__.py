"""Customers, their portal links and their personal data."""
