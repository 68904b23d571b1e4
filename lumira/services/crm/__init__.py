"""Use cases of a tenant's connection to Dolibarr: set, check, set up, switch on, compare, repair."""
