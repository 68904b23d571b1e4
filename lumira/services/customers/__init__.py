"""Use cases of customers: views of them, and the merge of two customers."""
