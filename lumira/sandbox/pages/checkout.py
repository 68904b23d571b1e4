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
from lumira.sandbox.pages.html import html_page, render
from lumira.sandbox.store import Store

_COMPLETE = """
<p>This order has been completed. It cannot be paid again.</p>
<p><a href="$url">Back to the shop</a></p>
"""
_EXPIRED = "<p>This payment page has expired. Please return to the shop and start again.</p>"


class CheckoutPage:
    """The payment form and its submission."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    def handle(self, request: Request) -> Response:
        """Show the form (GET), or pay with ``payment_method``, ``email`` and ``name`` (POST)."""
        if request.method not in ("GET", "HEAD", "POST"):
            return html_page("Method not allowed", "<p>Only GET and POST are allowed.</p>", 405)
        identifier = request.path.removeprefix(PAGE).removesuffix(RETURN)
        with self._store.transaction() as connection:
            account_id = _account_of(connection, identifier)
        if account_id is None:
            return html_page("Not found", "<p>There is no such Checkout Session.</p>", 404)
        if request.method == "POST":
            return self._pay(account_id, identifier, request)
        view = self._view(account_id, identifier)
        # A buyer who returns from the bank is redirected to the shop; a later visit to the page is not.
        if request.path.endswith(RETURN) and view.session["status"] == "complete":
            return redirect(success_url(view.session), code=303)
        return view.page(notice=DECLINED if view.was_declined else "")

    def _pay(self, account_id: str, identifier: str, request: Request) -> Response:
        form = CheckoutForm(
            payment_method=request.form.get("payment_method", ""),
            email=request.form.get("email", "").strip(),
            name=request.form.get("name", "").strip(),
            shipping={
                name: request.form.get(f"shipping_{name}", "").strip()
                for name in ("name", "phone", "line1", "line2", "postal_code", "city", "state", "country")
            },
        )
        try:
            with self._store.transaction() as connection:
                account = open_account(connection, account_id, base_url=request.host_url.rstrip("/"))
                outcome = pay(account, account.get(KIND, identifier), form)
        except StripeError as error:
            # The transaction was rolled back, and the page shows what was wrong with the form.
            return self._view(account_id, identifier).page(notice=error.message, status=error.status)
        self._wake()
        return self._respond(account_id, outcome)

    def _respond(self, account_id: str, outcome: CheckoutResult) -> Response:
        """Redirect to the shop or to the bank's authentication, or show the form again."""
        if outcome.redirect_url is not None:
            return redirect(outcome.redirect_url, code=303)
        return self._view(account_id, outcome.session["id"]).page(notice=DECLINED, status=402)

    def _view(self, account_id: str, identifier: str) -> "_SessionView":
        with self._store.transaction() as connection:
            return _SessionView(open_account(connection, account_id), identifier)


class _SessionView:
    """A session's current state as the page shows it."""

    def __init__(self, account: Account, identifier: str) -> None:
        self.session = account.get(KIND, identifier)
        self._email = known_email(self.session, customer_of(account, self.session))
        intent_id = self.session["payment_intent"]
        intent = account.get("payment_intent", intent_id) if intent_id else None
        self.was_declined = bool(intent and intent["last_payment_error"])

    def page(self, *, notice: str, status: int = 200) -> Response:
        """Return the form while the session is open, and its outcome afterwards."""
        if self.session["status"] == "expired":
            return html_page("Expired", _EXPIRED, 410)
        if self.session["status"] == "complete":
            done = render(_COMPLETE, url=success_url(self.session))
            return html_page("Thank you", done, 200 if status == 200 else 409)  # noqa: PLR2004
        return html_page("Pay", checkout_form(self.session, known_email=self._email, notice=notice), status)


def _account_of(connection: sqlite3.Connection, identifier: str) -> str | None:
    """Return the session's account id, or None; the random session id authorizes the buyer."""
    row = connection.execute(
        "SELECT account FROM objects WHERE id = ? AND kind = ?", (identifier, KIND)
    ).fetchone()
    return None if row is None else str(row["account"])
