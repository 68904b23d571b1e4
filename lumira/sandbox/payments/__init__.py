"""What happens to money: test instruments, charges, and the states of a PaymentIntent."""
