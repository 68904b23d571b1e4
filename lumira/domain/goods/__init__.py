"""Goods that are sent: addresses, postage, parcels and returns."""
