"""What belongs into the CRM, and how both sides are compared."""
