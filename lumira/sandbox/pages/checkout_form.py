"""The form of a Checkout Session's page: line items, buyer and payment methods."""

from typing import Any

from lumira.sandbox.checkout.addresses import example_address
from lumira.sandbox.checkout.sessions import PAGE
from lumira.sandbox.limits import format_price
from lumira.sandbox.pages.html import Html, render

DECLINED = "Your payment was declined. Please try again, or choose another way to pay."

_METHODS = {
    "card": (
        ("pm_card_visa", "Card that succeeds"),
        ("pm_card_visa_chargeDeclined", "Card that is declined"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "Card without sufficient funds"),
        ("pm_card_threeDSecure2Required", "Card that requires authentication (3-D Secure)"),
    ),
    "sepa_debit": (
        ("pm_success_de", "SEPA debit that succeeds later"),
        ("pm_failed_de", "SEPA debit that fails later"),
    ),
    "customer_balance": (("customer_balance", "Bank transfer that arrives later"),),
    "us_bank_account": (
        ("pm_usBankAccount_success", "US bank account that succeeds later"),
        ("pm_usBankAccount_insufficientFunds", "US bank account that fails later"),
    ),
}
_PAGE = """
<table>
<thead><tr><th scope="col">Product</th><th scope="col">Quantity</th><th scope="col">Price</th></tr></thead>
<tbody>
$lines</tbody>
<tfoot><tr><th scope="row" colspan="2">Total</th><td id="total">$total</td></tr></tfoot>
</table>
$notice<form method="post" action="$action">
$email$address$methods<p><button class="yes">$button</button>$back</p>
</form>
<p class="note">This is a test page, no money moves.</p>
"""
_LINE = "<tr><td>$name</td><td>$quantity</td><td>$amount</td></tr>\n"
_NOTICE = '<p role="alert" class="alert">$text</p>\n'
_KNOWN_EMAIL = "<p>E-mail: <strong>$email</strong></p>\n"
_EMAIL_FIELD = """\
<p><label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" required value="$email"></p>
<p><label for="name">Name</label>
<input id="name" name="name" autocomplete="name" value="$name"></p>
"""
_CHOICE = """\
<p><input type="radio" id="$value" name="payment_method" value="$value" required$checked>
<label for="$value">$label</label></p>
"""
_ADDRESS_FIELD = """\
<p><label for="shipping_$name">$label</label>
<input id="shipping_$name" name="shipping_$name" autocomplete="shipping $autocomplete" value="$value"></p>
"""
_COUNTRY_FIELD = """\
<p><label for="shipping_country">Country</label>
<select id="shipping_country" name="shipping_country" autocomplete="shipping country">$options</select></p>
"""
_ADDRESS_FIELDS = (
    ("name", "Recipient", "name"),
    ("line1", "Address", "address-line1"),
    ("line2", "Address, second line", "address-line2"),
    ("postal_code", "Postal code", "postal-code"),
    ("city", "City", "address-level2"),
    ("state", "State", "address-level1"),
)
_BACK = '<a href="$url">Back to the shop</a>'


def checkout_form(session: dict[str, Any], *, known_email: str | None, notice: str) -> str:
    """Return the page's content while the session can be paid."""
    total = format_price(session["amount_total"], session["currency"])
    return render(
        _PAGE,
        lines=Html("".join(_line(line) for line in session["_lines"])),
        total=total,
        notice=render(_NOTICE, text=notice) if notice else "",
        action=PAGE + session["id"],
        email=_email(session, known_email),
        address=_address(session),
        methods=_methods(session) if session["amount_total"] else "",
        button=f"Pay {total}" if session["amount_total"] else "Complete the order",
        back=render(_BACK, url=session["cancel_url"]) if session["cancel_url"] else "",
    )


def _line(line: dict[str, Any]) -> Html:
    amount = format_price(line["amount_total"], line["currency"])
    return render(_LINE, name=line["description"], quantity=line["quantity"], amount=amount)


def _email(session: dict[str, Any], known_email: str | None) -> Html:
    if known_email:
        return render(_KNOWN_EMAIL, email=known_email)
    typed = session["customer_details"] or {}
    return render(_EMAIL_FIELD, email=typed.get("email") or "", name=typed.get("name") or "")


def _address(session: dict[str, Any]) -> Html:
    """The fields of the address, with an example: nobody is sent anything."""
    fields = []
    example = example_address(session)
    if session["shipping_address_collection"] is not None:
        countries = session["shipping_address_collection"]["allowed_countries"]
        options = Html(
            "".join(render('<option value="$code">$code</option>', code=code) for code in countries)
        )
        fields = [
            render(_ADDRESS_FIELD, name=name, label=label, autocomplete=kind, value=example.get(name, ""))
            for name, label, kind in _ADDRESS_FIELDS
        ]
        fields.append(render(_COUNTRY_FIELD, options=options))
    if session["phone_number_collection"]["enabled"]:
        phone = example.get("phone", "")
        fields.append(render(_ADDRESS_FIELD, name="phone", label="Phone", autocomplete="tel", value=phone))
    return Html("".join(fields))


def _methods(session: dict[str, Any]) -> Html:
    offered = [choice for kind in session["payment_method_types"] for choice in _METHODS[kind]]
    choices = [
        render(_CHOICE, value=value, label=label, checked=" checked" if position == 0 else "")
        for position, (value, label) in enumerate(offered)
    ]
    fieldset = "<fieldset>\n<legend>Payment method</legend>\n$choices</fieldset>\n"
    return render(fieldset, choices=Html("".join(choices)))
