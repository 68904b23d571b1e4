"""The settings of a shop, its team and keys, and its CRM."""
