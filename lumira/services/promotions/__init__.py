"""Promotion codes of a shop: added, changed and listed by its operators."""
