"""The introduction of the OpenAPI document: which key a caller needs, and which routes come first."""

INTRODUCTION = """\
The API sells a shop's products through its Stripe account: it prices the sale, opens the payment, and returns the
status of the order.

## Which key

| caller | sends | may |
|---|---|---|
| a page on one of the shop's own domains | nothing | read the catalog, open payments and read their status |
| a page elsewhere, or an app | `Authorization: Bearer lum_pk_…` (publishable: it may be public) | the same |
| the shop's backend | `Authorization: Bearer lum_sk_…` (secret) | everything, for this shop only |

A key always names its shop, whatever the host. On public routes a token that does not begin with `lum_`, such as that
of a page's own user, counts as none. `flask keys create SLUG --kind publishable` creates a key.

## The first routes

With Stripe's Payment Element on the shop's own page:

1. `GET /api/stripe/config` returns the key for Stripe.js, `GET /api/products` what is on sale.
2. `POST /api/payments/create-payment-intent` with a `productId` opens the payment. Give its `clientSecret` to
   Stripe.js. It is null for a free product, whose order is complete at once.
3. On the return page, `GET /api/payments/<paymentIntentId>` returns the status. It may be `processing` for days with
   a bank debit.

With Stripe's own page:

1. `POST /api/payments/checkout-sessions` with the cart reserves the stock and returns a `url`: send the buyer there.
2. Stripe returns the buyer to `successUrl`. Write `{CHECKOUT_SESSION_ID}` into it;
   `GET /api/payments/<sessionId>` then returns the status.
3. If the buyer returns to `cancelUrl`, `DELETE /api/payments/checkout-sessions/<sessionId>` releases the stock at once.

The backend then reads `GET /api/orders/<reference>` and `GET /api/access?customerEmail=…`, and never has to trust what
a page says: status and access follow from Stripe's signed events.

## Conventions

- Amounts are integers in minor units (`4700` is 47.00 EUR) with a lower-case currency. Times are ISO 8601; in a query
  string, `+` is written `%2B`.
- An error has a stable `code` for programs and a `message` for people. Each operation lists its codes. New codes and
  new values of an enumeration may be added: treat an unknown code by its HTTP status.
- Send a new random `Idempotency-Key`, such as a UUID, with each sale, and the same one when you repeat it. After a 503,
  repeat the request with the same key once `Retry-After` seconds have passed.
- Never send a card number: a field with one is refused. Cards are entered in Stripe's Payment Element or on its page.
- Every reply has an `X-Request-Id`: quote it in questions about a request.
"""
