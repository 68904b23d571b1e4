"""The page where a buyer pays a Checkout Session."""

import sqlite3
from collections.abc import Callable

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from lumira.sandbox.account import Account, open_account
from lumira.sandbox.checkout.paying import CheckoutForm, CheckoutResult, customer_of, pay, success_url
from lumira.sandbox.checkout.sessions import KIND, PAGE, RETURN, known_email
from lumira.sandbox.errors import StripeError
from lumira.sandbox.pages.checkout_form import DECLINED, checkout_form
from lumira.sandbox.pages.html import filled, html_page
from lumira.sandbox.store import Store

_COMPLETE = """
<p>This order has been completed. Nothing more can be paid here.</p>
<p><a href="$url">Back to the shop</a></p>
"""
_EXPIRED = "<p>The time to pay this order is over. Please go back to the shop and begin again.</p>"


class CheckoutPage:
    """The form, and what follows from it."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    def handle(self, request: Request) -> Response:
        """Show the form (GET), or pay with ``payment_method``, ``email`` and ``name`` (POST)."""
        if request.method not in ("GET", "HEAD", "POST"):
            return html_page("Not possible", "<p>Only GET and POST.</p>", 405)
        identifier = request.path.removeprefix(PAGE).removesuffix(RETURN)
        with self._store.transaction() as connection:
            account_id = _account_of(connection, identifier)
        if account_id is None:
            return html_page("Not found", "<p>There is no such page.</p>", 404)
        if request.method == "POST":
            return self._pay(account_id, identifier, request)
        shown = self._show(account_id, identifier)
        # A buyer who comes back from the bank goes on to the shop; who looks again later stays here.
        if request.path.endswith(RETURN) and shown.session["status"] == "complete":
            return redirect(success_url(shown.session), code=303)
        return shown.page(notice=DECLINED if shown.was_declined else "")

    def _pay(self, account_id: str, identifier: str, request: Request) -> Response:
        form = CheckoutForm(
            payment_method=request.form.get("payment_method", ""),
            email=request.form.get("email", "").strip(),
            name=request.form.get("name", "").strip(),
        )
        try:
            with self._store.transaction() as connection:
                account = open_account(connection, account_id, base_url=request.host_url.rstrip("/"))
                outcome = pay(account, account.get(KIND, identifier), form)
        except StripeError as error:
            # Nothing has happened: what the buyer did is undone, and the page says what was wrong with it.
            return self._show(account_id, identifier).page(notice=error.message, status=error.status)
        self._wake()
        return self._lead(account_id, outcome)

    def _lead(self, account_id: str, outcome: CheckoutResult) -> Response:
        """On to the shop, to the bank's question, or back to the form."""
        if outcome.redirect_url is not None:
            return redirect(outcome.redirect_url, code=303)
        return self._show(account_id, outcome.session["id"]).page(notice=DECLINED, status=402)

    def _show(self, account_id: str, identifier: str) -> "_Shown":
        with self._store.transaction() as connection:
            return _Shown(open_account(connection, account_id), identifier)


class _Shown:
    """A session as the page shows it now."""

    def __init__(self, account: Account, identifier: str) -> None:
        self.session = account.get(KIND, identifier)
        self._email = known_email(self.session, customer_of(account, self.session))
        intent_id = self.session["payment_intent"]
        intent = account.get("payment_intent", intent_id) if intent_id else None
        self.was_declined = bool(intent and intent["last_payment_error"])

    def page(self, *, notice: str, status: int = 200) -> Response:
        """The form while the session is open; afterwards only what became of it."""
        if self.session["status"] == "expired":
            return html_page("Too late", _EXPIRED, 410)
        if self.session["status"] == "complete":
            done = filled(_COMPLETE, url=success_url(self.session))
            return html_page("Thank you", done, 200 if status == 200 else 409)  # noqa: PLR2004
        return html_page("Pay", checkout_form(self.session, known_email=self._email, notice=notice), status)


def _account_of(connection: sqlite3.Connection, identifier: str) -> str | None:
    """Whose session this is; its long random id stands for the buyer's right to be here."""
    row = connection.execute(
        "SELECT account FROM objects WHERE id = ? AND kind = ?", (identifier, KIND)
    ).fetchone()
    return None if row is None else str(row["account"])
