"""Use cases of the catalog: apply a file, view what is on sale."""
