"""What an installation decides: settings, the web server's, and the catalogs."""
