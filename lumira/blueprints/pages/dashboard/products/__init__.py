"""The catalog: products, groups, images, contents and promotion codes."""
