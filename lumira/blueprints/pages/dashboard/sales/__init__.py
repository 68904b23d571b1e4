"""Orders, and what is done about them: deliveries, refunds, disputes, withdrawals."""
