"""Use cases of the GDPR: export and erasure of a data subject."""
