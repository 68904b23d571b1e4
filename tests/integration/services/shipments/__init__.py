"""Use cases about parcels."""
