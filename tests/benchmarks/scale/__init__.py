"""Large tables: filled by SQL from a few orders that Lumira itself made, and measured beside empty ones."""
