"""Customers: lists, one customer, merges and personal data."""
