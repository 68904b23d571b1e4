"""What goes over the wire: requests are checked here, replies take their shape here. No database, no Flask."""
