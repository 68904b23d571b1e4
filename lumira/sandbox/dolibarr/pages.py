"""Pages on which a person sees what is in an installation and changes third parties, as staff do.

The addresses of cards are Dolibarr's own, so that links to its pages lead here too.
"""

from collections.abc import Iterable

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from lumira.sandbox.dolibarr import invoices, third_parties, webhooks
from lumira.sandbox.dolibarr.call import Body, Call
from lumira.sandbox.dolibarr.errors import (
    ApiError,
    DataTooLong,
    DeadlockFound,
    DuplicateEntry,
    LockWaitTimeout,
)
from lumira.sandbox.dolibarr.installation import Installation, User
from lumira.sandbox.dolibarr.tables import Row, Transaction
from lumira.sandbox.pages.html import Html, html_page, render

_MOST_ROWS = 200
_LABELS = {
    "name": "Name", "email": "E-mail", "phone": "Phone", "address": "Address", "zip": "Postal code", "town": "Town",
}  # fmt: skip
_THIRD_PARTY, _ORDER, _INVOICE = "societe/card.php", "commande/card.php", "compta/facture/card.php"
_ORDER_STATES = {-1: "canceled", 0: "draft", 1: "validated", 2: "shipped", 3: "closed"}
_INVOICE_STATES = {0: "draft", 1: "unpaid", 2: "paid", 3: "abandoned"}
#: The administrator: not a user that Lumira is.
_STAFF = User(1, "admin", is_admin=True, rights=frozenset())


def handle(installation: Installation, path: str, request: Request) -> Response:
    """Return a page, or do what its form says."""
    if installation.settings["down"]:
        return html_page("Dolibarr sandbox", render("<p>This installation is down.</p>"), 503)
    number = request.args.get("socid") or request.args.get("id") or request.args.get("facid") or ""
    shown = {_THIRD_PARTY: _third_party_page, _ORDER: _order_page, _INVOICE: _invoice_page}.get(path)
    if path and (shown is None or not number.isdecimal() or len(number) > 15):  # noqa: PLR2004
        return html_page("Not found", render("<p>There is no such page.</p>"), 404)
    if request.method == "POST" and path == _THIRD_PARTY:
        return _act(installation, number, request.form.to_dict())
    with installation.tables.transaction() as transaction:
        call = Call(installation, _STAFF, transaction, {}, {})
        return _index(call) if shown is None else shown(call, int(number))


def _act(installation: Installation, number: str, form: Body) -> Response:
    action = form.pop("action", "")
    target = form.pop("target", "")
    try:
        with installation.tables.transaction() as transaction:
            call = Call(installation, _STAFF, transaction, {}, form, post=webhooks.post_events)
            _run(call, action, number, target)
            call.post(call)
    except (ApiError, DuplicateEntry, DataTooLong, DeadlockFound, LockWaitTimeout) as error:
        details = ", ".join(getattr(error, "details", ()))
        return html_page(
            "Not saved", render('<p class="alert">$text $more</p>', text=error, more=details), 400
        )
    base = f"/dolibarr/{installation.name}/"
    return redirect(f"{base}{_THIRD_PARTY}?socid={number}" if action == "save" else base, 303)


def _run(call: Call, action: str, number: str, target: str) -> None:
    if action == "save":
        third_parties.put(call, number)
    elif action == "delete":
        third_parties.delete(call, number)
    elif action == "merge" and target.isdecimal():
        third_parties.merge(call, target, number)
    else:
        raise ApiError(400, "Choose what to do.")


def _index(call: Call) -> Response:
    transaction = call.transaction
    parts = [
        render(
            "<p>A stand-in for Dolibarr: <code>$name</code>. Open a third party to change it, as staff would.</p>",
            name=call.installation.name,
        ),
        _table(
            "Third parties",
            ("", "Code", "E-mail", "Lumira ID"),
            map(_third_party_row, _newest(transaction, "societe")),
        ),
        _table(
            "Orders",
            ("", "Customer", "Total", "State"),
            (_order_row(call, row) for row in _newest(transaction, "commande")),
        ),
        _table(
            "Invoices",
            ("", "Customer", "Total", "State"),
            (_invoice_row(call, row) for row in _newest(transaction, "facture")),
        ),
        _table(
            "Payments",
            ("", "Amount", "Type", "Lumira ID"),
            (_payment_row(row) for row in _newest(transaction, "payment")),
        ),
    ]
    return html_page("Dolibarr sandbox", Markup("").join(parts))


def _newest(transaction: Transaction, kind: str) -> list[Row]:
    return transaction.list(kind)[: -_MOST_ROWS - 1 : -1]


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Html:
    body = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell or "") for cell in row)
        )
        for row in rows
    ]
    if not body:
        return render("<h2>$title</h2><p class='note'>None.</p>", title=title)
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    return Markup("<h2>{}</h2><table><tr>{}</tr>{}</table>").format(title, head, Markup("").join(body))


def _link(card: str, number: int, text: str) -> Html:
    name = "socid" if card == _THIRD_PARTY else "id"
    # Relative to the page's own address, whose depth differs.
    return Markup('<a href="{}?{}={}">{}</a>').format(card, name, number, text)


def _lumira_id(row: Row) -> str:
    return (row.get("extra") or {}).get("lumira_id") or row.get("ref_ext") or ""


def _long(text: str | None) -> Html:
    return Markup("<span class='long'>{}</span>").format(text or "")


def _third_party_row(row: Row) -> tuple[object, ...]:
    return (
        _link(_THIRD_PARTY, row["id"], row["name"]),
        row.get("code_client"),
        _long(row["email"]),
        _long(_lumira_id(row)),
    )


def _customer(call: Call, row: Row) -> str:
    third_party = call.transaction.get("societe", row["socid"])
    return third_party["name"] if third_party else f"({row['socid']})"


def _amount(call: Call, value: object) -> str:
    return f"{value or '0.00'} {call.settings['currency']}"


def _order_row(call: Call, row: Row) -> tuple[object, ...]:
    state = _ORDER_STATES[row["status"]] + (", invoiced" if row["billed"] else "")
    return (
        _link(_ORDER, row["id"], row["ref"]),
        _customer(call, row),
        _amount(call, row.get("total_ttc")),
        state,
    )


def _invoice_row(call: Call, row: Row) -> tuple[object, ...]:
    kind = "credit note, " if row["type"] == invoices.CREDIT_NOTE else ""
    state = kind + _INVOICE_STATES[row["status"]]
    return (
        _link(_INVOICE, row["id"], row["ref"]),
        _customer(call, row),
        _amount(call, row.get("total_ttc")),
        state,
    )


def _payment_row(row: Row) -> tuple[object, ...]:
    return (
        _link(_INVOICE, row["invoice_id"], f"PAY{row['id']:06}"),
        row["amount"],
        row["type"],
        row["ref_ext"],
    )


def _third_party_page(call: Call, number: int) -> Response:
    row = call.transaction.get("societe", number)
    if row is None:
        return _gone("third party")
    inputs = [_input(name, label, row[name] or "") for name, label in _LABELS.items()]
    others = [
        Markup("<option value='{}'>{} ({})</option>").format(each["id"], each["name"], each["id"])
        for each in _newest(call.transaction, "societe")
        if each["id"] != number
    ]
    text = Markup(
        "<p><a href='../'>All records</a></p><p>{} · {} · {}</p>"
        "<form method='post'>{}<button class='yes' name='action' value='save'>Save</button></form>"
        "<h2>Merge or delete</h2><form method='post'><p><label>Merge into<br><select name='target'>{}</select></label>"
        "</p>"
        "<button class='no' name='action' value='merge'>Merge</button> "
        "<button class='no' name='action' value='delete'>Delete</button></form>"
    ).format(
        row.get("code_client") or "",
        _lumira_id(row),
        "open" if row["status"] else "closed",
        Markup("").join(inputs),
        Markup("").join(others),
    )
    return html_page(row["name"], text)


def _input(name: str, label: str, value: str) -> Html:
    field = Markup("<input name='{}' value='{}'>")
    # An address has lines.
    if name == "address":
        field = Markup("<textarea name='{}' rows='2'>{}</textarea>")
    return Markup("<p><label>{}<br>{}</label></p>").format(label, field.format(name, value))


def _order_page(call: Call, number: int) -> Response:
    row = call.transaction.get("commande", number)
    if row is None:
        return _gone("order")
    head = _head(call, row, _order_row(call, row)[3], "../")
    return html_page(f"Order {row['ref']}", head + _lines(row))


def _invoice_page(call: Call, number: int) -> Response:
    row = call.transaction.get("facture", number)
    if row is None:
        return _gone("invoice")
    payments = [each for each in call.transaction.list("payment") if each["invoice_id"] == number]
    rows = [(f"PAY{p['id']:06}", p["amount"], p["type"], _long(p["ref_ext"])) for p in payments]
    title = f"{'Credit note' if row['type'] == invoices.CREDIT_NOTE else 'Invoice'} {row['ref']}"
    more = _table("Payments", ("", "Amount", "Type", "Lumira ID"), rows)
    head = _head(call, row, _invoice_row(call, row)[3], "../../")
    return html_page(title, head + _lines(row) + more)


def _head(call: Call, row: Row, state: object, base: str) -> Html:
    return Markup("<p><a href='{}'>All records</a></p><p>{} · {} · {} · {}</p>").format(
        base, _customer(call, row), state, _amount(call, row.get("total_ttc")), _lumira_id(row)
    )


def _lines(row: Row) -> Html:
    heads = ("Description", "Quantity", "Unit price", "VAT %", "Total")
    names = ("desc", "qty", "subprice", "tva_tx", "total_ttc")
    return _table("Lines", heads, (tuple(line[name] for name in names) for line in row["lines"]))


def _gone(what: str) -> Response:
    return html_page("Not found", render("<p>This $what does not exist, or was deleted.</p>", what=what), 404)
