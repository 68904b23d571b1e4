"""The reference for Lumira's webhook: the minimum of a hand-written route.

It verifies the signature with Stripe's function, parses the event, inserts one row into a table with one index, and
responds after the commit. It has no tenants, policies, jobs or log.
"""

import json
import os
from typing import Any

import stripe
from flask import Flask, request
from psycopg_pool import ConnectionPool

TABLE = """
    CREATE TABLE events (
        id text PRIMARY KEY, type text NOT NULL, payload json NOT NULL, received_at timestamptz NOT NULL DEFAULT now()
    )
"""


def create_app(database_url: str, webhook_secret: str, connections: int) -> Flask:
    """Return the application; `connections` per process, as many as Lumira's inbox has."""
    app = Flask(__name__)
    pool = ConnectionPool(database_url, min_size=connections, max_size=connections, open=True)

    @app.post("/webhook")
    def receive() -> tuple[dict[str, Any], int]:
        body = request.get_data().decode()
        try:
            stripe.WebhookSignature.verify_header(
                body, request.headers.get("Stripe-Signature", ""), webhook_secret, tolerance=300
            )
        except stripe.SignatureVerificationError:
            return {"error": "Webhook signature verification failed"}, 400
        event = json.loads(body)
        with pool.connection() as connection:
            connection.execute(
                "INSERT INTO events (id, type, payload) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (event["id"], event["type"], body),
            )
        return {"received": True}, 200

    return app


def wsgi() -> Flask:
    """Return the application for Gunicorn, configured by environment variables."""
    return create_app(
        os.environ["DATABASE_URL"], os.environ["WEBHOOK_SECRET"], int(os.environ["CONNECTIONS"])
    )
