"""Use cases of receipts as evidence: seal them in a hash chain, verify them."""
