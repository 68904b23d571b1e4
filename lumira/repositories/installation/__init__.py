"""The database and the processes of the installation, and work that spans tenants."""
