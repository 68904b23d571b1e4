"""Use cases of the audit log: seal it, verify it, show it."""
