"""Orders, and what is decided about them: grants, refunds, disputes, withdrawals."""
