"""E-mails: the outbox and its claims."""
