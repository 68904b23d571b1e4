"""Use cases of stock: an operator corrects the units on hand."""
