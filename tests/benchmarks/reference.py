"""What Lumira's webhook is compared with: the least that a hand-written route has to do, and no more.

It verifies the signature with Stripe's own function, reads the event, inserts one row in a table with one index,
and answers once that is committed. No tenants, no policies, no wake-up, no log.
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
    """The application; as many connections for each process as Lumira's inbox has."""
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
    """For Gunicorn, which gives no arguments: everything comes from the environment."""
    return create_app(
        os.environ["DATABASE_URL"], os.environ["WEBHOOK_SECRET"], int(os.environ["CONNECTIONS"])
    )
