"""Use cases that move a tenant to another installation."""
