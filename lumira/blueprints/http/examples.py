"""Example replies in the OpenAPI document that several routes share."""

PAYMENT_OPENED = {
    "clientSecret": "pi_3NxKDqLkdIwHu7ix0nWq7nQb_secret_…",
    "orderId": "pi_3NxKDqLkdIwHu7ix0nWq7nQb",
    "paymentIntentId": "pi_3NxKDqLkdIwHu7ix0nWq7nQb",
    "orderNumber": "LUM-7Q2MZX41KD",
    "amount": 4700,
    "currency": "eur",
    "productName": "Niveau Mystique",
}
