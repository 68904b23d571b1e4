"""HTML pages for buyers."""
