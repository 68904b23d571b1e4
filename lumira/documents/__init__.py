"""What is handed over on paper: drawn from a frozen row, the same bytes whenever it is drawn."""
