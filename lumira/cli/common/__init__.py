"""Code that several command groups share."""
