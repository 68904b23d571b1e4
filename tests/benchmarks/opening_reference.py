"""The reference for opening a payment: the minimum of a hand-written route, and a route that only responds.

It reads the price, creates a customer and a PaymentIntent with Stripe's SDK, inserts two rows, and responds after the
commit. It has no tenants, policies, idempotency, rate limits, audit, validation or log, and a crash between its calls
loses what Stripe has created.
"""

import os
from typing import Any

import stripe
from flask import Flask, request
from psycopg_pool import ConnectionPool

TABLES = """
    CREATE TABLE products (id text PRIMARY KEY, amount integer NOT NULL);
    INSERT INTO products VALUES ('mystique', 4700);
    CREATE TABLE customers (id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, stripe_id text NOT NULL);
    CREATE TABLE orders (
        id bigserial PRIMARY KEY, intent text UNIQUE NOT NULL, product text NOT NULL, email text NOT NULL,
        amount integer NOT NULL
    );
"""


def wsgi() -> Flask:
    """Return the application for Gunicorn, configured by environment variables."""
    app = Flask(__name__)
    connections = int(os.environ["CONNECTIONS"])
    pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=connections, max_size=connections, open=True)
    client = stripe.StripeClient(
        "sk_test_reference",
        base_addresses={"api": os.environ["STRIPE_API_BASE"]},
        http_client=stripe.RequestsClient(),
    )

    @app.post("/create-payment-intent")
    def create() -> dict[str, Any]:
        body = request.get_json()
        product, email = body["productId"], body["customerEmail"]
        with pool.connection() as connection:
            [(amount,)] = connection.execute(
                "SELECT amount FROM products WHERE id = %s", (product,)
            ).fetchall()
        customer = client.v1.customers.create({"email": email})
        intent = client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "eur",
                "customer": customer.id,
                "automatic_payment_methods": {"enabled": True},
                "metadata": {"productId": product},
            }
        )
        with pool.connection() as connection:
            connection.execute(
                "INSERT INTO customers (email, stripe_id) VALUES (%s, %s)", (email, customer.id)
            )
            connection.execute(
                "INSERT INTO orders (intent, product, email, amount) VALUES (%s, %s, %s, %s)",
                (intent.id, product, email, amount),
            )
        return {"clientSecret": intent.client_secret, "orderId": intent.id}

    @app.get("/bare")
    def bare() -> dict[str, Any]:
        return {"ok": True}

    return app
