"""What several command groups share."""
