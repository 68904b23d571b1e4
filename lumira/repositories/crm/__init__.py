"""What links a tenant's records to its Dolibarr, and what waits to be written or read."""
