"""What an operator watches: the overview, alerts, events, messages, errors and the audit log."""
