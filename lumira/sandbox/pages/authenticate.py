"""The page where a buyer would prove to be the card's holder (3-D Secure)."""

import hmac
import json
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from lumira.sandbox.account import open_account
from lumira.sandbox.limits import priced
from lumira.sandbox.pages.html import filled, html_page
from lumira.sandbox.payments.outcomes import authenticate
from lumira.sandbox.store import Store

PREFIX = "/sandbox/authenticate/"
_QUESTION = """
<p>Your bank asks whether you want to pay <strong>$amount</strong>.</p>
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
    """The question, and what follows from the answer."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    def handle(self, request: Request) -> Response:
        """Show the question (GET), or take the answer ``outcome=authorize|fail`` (POST)."""
        identifier = request.path.removeprefix(PREFIX)
        secret = request.values.get("client_secret", "")
        if request.method not in ("GET", "HEAD", "POST"):
            return html_page("Not possible", "<p>Only GET and POST.</p>", 405)
        outcome = request.form.get("outcome", "")
        if request.method == "POST" and outcome not in _OUTCOMES:
            return html_page("Not understood", "<p>The outcome is authorize or fail.</p>", 400)
        with self._store.transaction() as connection:
            found = _find(connection, identifier, secret)
            if found is None:
                return html_page("Not found", "<p>There is no such payment.</p>", 404)
            account_id, intent = found
            if request.method == "POST":
                account = open_account(connection, account_id, base_url=request.host_url.rstrip("/"))
                intent = authenticate(account, intent, authorized=_OUTCOMES[outcome])
        if request.method == "POST":
            self._wake()
            return _leave(intent)
        if intent["status"] != "requires_action":
            return _leave(intent)
        question = filled(
            _QUESTION,
            amount=priced(intent["amount"], intent["currency"]),
            secret=secret,
            id=identifier,
        )
        return html_page("Confirm your payment", question)


def _find(connection: sqlite3.Connection, identifier: str, secret: str) -> tuple[str, dict[str, Any]] | None:
    """The intent and its account; the client secret stands for the buyer's right to be here."""
    row = connection.execute(
        "SELECT account, body FROM objects WHERE id = ? AND kind = 'payment_intent'", (identifier,)
    ).fetchone()
    if row is None:
        return None
    intent: dict[str, Any] = json.loads(row["body"])
    if not hmac.compare_digest(intent["client_secret"].encode(), secret.encode(errors="replace")):
        return None
    return row["account"], intent


def _leave(intent: dict[str, Any]) -> Response:
    """Back to the shop, as Stripe sends the buyer back; or a last page where no shop was named."""
    target = intent.get("_return_url")
    if not target:
        return html_page("Thank you", filled(_DONE, status=intent["status"]))
    parts = urlsplit(target)
    outcome = "failed" if intent["status"] == "requires_payment_method" else intent["status"]
    added = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": outcome,
    }
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return redirect(urlunsplit(parts._replace(query=query)), code=303)
