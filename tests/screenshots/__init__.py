"""`make screenshots`: takes the pictures of the pages in docs/images, from a running demo."""
