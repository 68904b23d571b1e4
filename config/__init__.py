"""The configuration of an installation: its settings, its web server and its catalogs."""
