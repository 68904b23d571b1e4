"""Removal of what is kept for a time only."""
