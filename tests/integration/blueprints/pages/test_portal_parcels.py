"""The buyer's portal shows where each parcel is."""

import pytest

from tests.support import refunds
from tests.support.parcels import change, ship
from tests.support.portal_pages import path_of

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_buyer_follows_each_parcel_and_sees_no_cancelled_one(client, tenant) -> None:
    number = refunds.pay(tenant, "shirt", quantity=3).order_number
    portal = path_of(tenant)
    assert "Votre commande est en préparation." in client.get(portal).text

    ship(tenant, number, {"shirt": 1}, carrier="ups", tracking_number="1Z999AA10123456784")
    ship(tenant, number, {"shirt": 1}, tracking_url="https://carrier.example/parcel?a=1&b=2")
    ship(tenant, number, {"shirt": 1}, tracking_number="NEVER-SENT")
    change(tenant, number, is_cancelled=True)

    page = client.get(portal).text
    assert 'href="https://www.ups.com/track?tracknum=1Z999AA10123456784"' in page
    assert 'href="https://carrier.example/parcel?a=1&amp;b=2"' in page
    assert "Le reste de votre commande est en préparation." in page
    assert "NEVER-SENT" not in page
