"""Deliveries of events: a queue of rows, threads that send, signatures."""
