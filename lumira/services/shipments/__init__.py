"""What happens to goods after the payment: shipped, delivered, returned."""
