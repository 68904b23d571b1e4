"""Payouts: what they contain, shown and exported."""
