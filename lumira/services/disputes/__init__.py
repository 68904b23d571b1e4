"""Use cases about disputes: their page, and the response to the bank."""
