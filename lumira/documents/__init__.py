"""Documents: rendered from a frozen row, with the same bytes at every rendering."""
