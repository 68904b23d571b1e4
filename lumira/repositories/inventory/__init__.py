"""Stock: figures, movements, and their proof."""
