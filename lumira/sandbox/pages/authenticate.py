"""The page where a buyer authenticates a payment (3-D Secure)."""

import hmac
import json
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from lumira.sandbox.account import open_account
from lumira.sandbox.limits import format_price
from lumira.sandbox.pages.html import html_page, render
from lumira.sandbox.payments.outcomes import authenticate
from lumira.sandbox.store import Store

PREFIX = "/sandbox/authenticate/"
_FORM = """
<p>Your bank requires your confirmation to pay <strong>$amount</strong>.</p>
<form method="post">
<input type="hidden" name="client_secret" value="$secret">
<button class="yes" name="outcome" value="authorize">Authorize</button>
<button class="no" name="outcome" value="fail">Fail</button>
</form>
<p class="note">Payment <code>$id</code>. This is a test page, no money moves.</p>
"""
_DONE = '<p>The payment is now <code id="status">$status</code>. You may close this page.</p>'
_OUTCOMES = {"authorize": True, "fail": False}


class AuthenticationPage:
    """The authentication form and its submission."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    def handle(self, request: Request) -> Response:
        """Show the form (GET), or submit ``outcome=authorize|fail`` (POST)."""
        identifier = request.path.removeprefix(PREFIX)
        secret = request.values.get("client_secret", "")
        if request.method not in ("GET", "HEAD", "POST"):
            return html_page("Method not allowed", "<p>Only GET and POST are allowed.</p>", 405)
        outcome = request.form.get("outcome", "")
        if request.method == "POST" and outcome not in _OUTCOMES:
            return html_page("Invalid outcome", "<p>The outcome must be authorize or fail.</p>", 400)
        with self._store.transaction() as connection:
            match = _find(connection, identifier, secret)
            if match is None:
                return html_page("Not found", "<p>There is no such payment.</p>", 404)
            account_id, intent = match
            if request.method == "POST":
                account = open_account(connection, account_id, base_url=request.host_url.rstrip("/"))
                intent = authenticate(account, intent, authorized=_OUTCOMES[outcome])
        if request.method == "POST":
            self._wake()
            return _redirect_to_shop(intent)
        if intent["status"] != "requires_action":
            return _redirect_to_shop(intent)
        form = render(
            _FORM,
            amount=format_price(intent["amount"], intent["currency"]),
            secret=secret,
            id=identifier,
        )
        return html_page("Confirm your payment", form)


def _find(connection: sqlite3.Connection, identifier: str, secret: str) -> tuple[str, dict[str, Any]] | None:
    """Return the account id and the intent, or None; the client secret authorizes the buyer."""
    row = connection.execute(
        "SELECT account, body FROM objects WHERE id = ? AND kind = 'payment_intent'", (identifier,)
    ).fetchone()
    if row is None:
        return None
    intent: dict[str, Any] = json.loads(row["body"])
    if not hmac.compare_digest(intent["client_secret"].encode(), secret.encode(errors="replace")):
        return None
    return row["account"], intent


def _redirect_to_shop(intent: dict[str, Any]) -> Response:
    """Redirect to the ``return_url`` as Stripe does, or show a final page without one."""
    target = intent.get("_return_url")
    if not target:
        return html_page("Thank you", render(_DONE, status=intent["status"]))
    parts = urlsplit(target)
    outcome = "failed" if intent["status"] == "requires_payment_method" else intent["status"]
    added = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": outcome,
    }
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return redirect(urlunsplit(parts._replace(query=query)), code=303)
