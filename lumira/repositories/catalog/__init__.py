"""Products, their groups, images and contents, and promotion codes."""
