"""Settlement: writes what `lumira.domain` derives from the facts of an order."""
