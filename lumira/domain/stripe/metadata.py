"""Stripe metadata: the keys that Lumira writes, and the limits that Stripe sets.

This module imports no model, so that schemas may import it.
"""

#: Keys of every payment, and of the Checkout Session that it is made on.
PRODUCT_ID = "productId"
PRODUCT_NAME = "productName"
LEVEL = "level"
CUSTOMER_EMAIL = "customerEmail"
ORDER_NUMBER = "orderNumber"
TENANT = "tenant"
SOURCE = "source"
#: The caller's own `source`, a common name in the metadata of shops, beside Lumira's.
CALLER_SOURCE = "callerSource"
TIMESTAMP = "timestamp"
REQUEST_ID = "requestId"
#: On a refund: the id of the refund request that it carries out.
REFUND_REQUEST = "refundRequest"
#: On a dispute: the id of the response that was sent to the bank.
EVIDENCE = "disputeEvidence"
#: On a Stripe customer: the id of the customer here.
CUSTOMER_ID = "customerId"

#: A caller's values for these keys of a payment are ignored; its `source` is sent as `callerSource`.
RESERVED = frozenset(
    (
        PRODUCT_ID,
        PRODUCT_NAME,
        LEVEL,
        CUSTOMER_EMAIL,
        ORDER_NUMBER,
        TENANT,
        TIMESTAMP,
        REQUEST_ID,
    )
)
#: The keys by which an order or a refund request is found: all that is stored of an event's metadata once it is
#: redacted.
IDENTIFYING = (ORDER_NUMBER, REFUND_REQUEST)

#: Characters of one value (docs.stripe.com/metadata).
VALUE_LENGTH = 500
