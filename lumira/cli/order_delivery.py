"""`flask orders delivery`: where the goods of an order are sent."""

from dataclasses import replace
from typing import Any

import click
from marshmallow import ValidationError

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.orders import address_of
from lumira.countries import COUNTRIES
from lumira.domain.goods.addresses import Address, freeze, lines_of
from lumira.schemas.shipping import ShippingRequest
from lumira.services.orders.correct_delivery import correct_delivery, view_delivery

_ACTOR = "operator"
_RECIPIENT = ("name", "phone")


@click.command("delivery")
@click.argument("number")
@click.option("--name", help="The recipient.")
@click.option("--line1", help="Street and number.")
@click.option("--line2", help="Building or floor; '' removes it.")
@click.option("--postal-code", help="The postal code.")
@click.option("--city", help="The town.")
@click.option("--state", help="State or region, where addresses have one; '' removes it.")
@click.option(
    "--country",
    type=click.Choice(sorted(COUNTRIES), case_sensitive=False),
    metavar="CODE",
    help="Such as FR; of the zone whose postage was paid.",
)
@click.option("--phone", help="The recipient's telephone number; '' removes it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def delivery(*, number: str, yes: bool, **parts: str | None) -> None:
    """Show where the order NUMBER is sent, or correct the parts that are named, until a parcel is on its way.

    Example: flask orders delivery LUM-7Q2MZX41KD --line1 "14 rue des Lilas"
    """
    tenant_id, order_id = address_of(number)
    found = view_delivery(tenant_id, str(order_id))
    entered = {name: value for name, value in parts.items() if value is not None}
    if not entered:
        click.echo("\n".join(_lines(found.address)) or "The order has no address yet.")
        return
    known = found.address or Address(found.countries[0])
    address = _checked(replace(known, **entered))
    click.echo("\n".join(_lines(address)))
    confirm("Send it there?", is_confirmed=yes)
    correct_delivery(tenant_id, order_id, address, actor=_ACTOR)
    click.echo(f"{found.order.order_number}: the address is corrected.")


def _lines(address: Address | None) -> list[str]:
    if address is None:
        return []
    return [*lines_of(freeze(address), "en"), *([address.phone] if address.phone else [])]


def _checked(address: Address) -> Address:
    """The address as the API takes it; raises `UsageError` for what the API would refuse."""
    parts: dict[str, Any] = freeze(address)
    recipient = {name: parts.pop(name) for name in _RECIPIENT if name in parts}
    if "postal_code" in parts:
        parts["postalCode"] = parts.pop("postal_code")
    try:
        checked: Address = ShippingRequest().load(recipient | {"address": parts})
    except ValidationError as error:
        wrong = error.messages_dict
        sentences = {**wrong, **wrong["address"]} if isinstance(wrong.get("address"), dict) else wrong
        sentences.pop("address", None)
        raise click.UsageError(" ".join(f"{name}: {why[0]}" for name, why in sentences.items())) from error
    return checked
