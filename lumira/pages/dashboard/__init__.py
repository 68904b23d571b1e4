"""Pages of the dashboard: rendered from the result of a use case, in the operator's language."""
