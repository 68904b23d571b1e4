"""Payouts and the accounting export."""
