"""The few pages that a person sees: the index, and where a buyer authenticates."""
