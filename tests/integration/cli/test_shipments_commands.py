"""An operator lists what is to be shipped, and records parcels, deliveries and returns."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from lumira.clock import utc_now
from tests.support.factories import figures, load_order
from tests.support.refunds import audited, disputed, pay

pytestmark = pytest.mark.usefixtures("app_context")

_ZONE = ZoneInfo("Europe/Paris")


def test_what_is_to_be_shipped_is_listed_oldest_first_with_what_must_wait(run_flask, tenant) -> None:
    first = pay(tenant, "shirt", quantity=2)
    second = pay(tenant, "shirt")
    disputed(tenant, first)
    lines = run_flask("shipments", "list", "--tenant", tenant.slug).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ORDER", first.order_number, second.order_number]
    assert "2 x shirt" in lines[1]
    assert run_flask("shipments", "list", "--tenant", tenant.slug, "--product", "mug").stdout.count("\n") == 1
    assert second.order_number in run_flask("shipments", "list").stdout


def test_parcels_of_an_order_are_recorded_and_delivered(run_flask, tenant) -> None:
    number = pay(tenant, "shirt", quantity=3).order_number
    options = ("--line", "shirt:2", "--carrier", "Colissimo", "--tracking", "6A12345678901")
    created = run_flask("shipments", "create", number, *options).stdout
    assert "with 2 x shirt, now partially_shipped.\nhttps://www.laposte.fr/" in created
    assert "with 1 x shirt, now shipped." in run_flask("shipments", "create", number).stdout
    assert "has no unit left to ship" in run_flask("shipments", "create", number, code=1).stderr

    ambiguous = run_flask("shipments", "deliver", number, code=2).stderr
    first, second = load_order(tenant, number).shipments
    assert f"{first.id} colissimo 6A12345678901" in ambiguous
    corrected = run_flask("shipments", "correct", number, "--shipment", str(first.id), "--tracking", "6A2")
    assert (
        corrected.stdout
        == f"{number}: colissimo 6A2 https://www.laposte.fr/outils/suivre-vos-envois?code=6A2\n"
    )
    assert "--tracking or --url" in run_flask("shipments", "correct", number, code=2).stderr
    cancelled = run_flask("shipments", "cancel", number, "--shipment", str(second.id), "--yes").stdout
    assert cancelled == f"{number}: cancelled, now partially_shipped.\n"
    run_flask("shipments", "create", number)
    second = load_order(tenant, number).shipments[-1]
    today = f"{utc_now().astimezone(_ZONE):%Y-%m-%d}"
    delivered = run_flask("shipments", "deliver", number, "--shipment", str(first.id), "--delivered", today)
    assert "now shipped." in delivered.stdout
    assert "now delivered." in run_flask("shipments", "deliver", number).stdout
    assert "is on its way" in run_flask("shipments", "deliver", number, code=1).stderr
    actors = [entry.actor for entry in audited(tenant, "shipment_recorded")]
    assert actors == ["operator"] * 3
    assert len(audited(tenant, "shipment_delivered")) == 2
    assert len(audited(tenant, "shipment_corrected")) == len(audited(tenant, "shipment_cancelled")) == 1
    assert second.tracking_url is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--line", "shirt:0"), "one unit or more"),
        (("--line", "shirt:two"), "PRODUCT:UNITS"),
        (("--line", ":2"), "PRODUCT:UNITS"),
        (("--line", "shirt:" + "9" * 5000), "PRODUCT:UNITS"),
        (("--line", "shirt:4"), "3 units of shirt are to be shipped"),
        (("--line", "mug"), "0 units of mug are to be shipped"),
        (("--url", "javascript:alert(1)"), "beginning with https://"),
        (("--tracking", "4242424242424242"), "never stored"),
        (("--shipped", "2020-01-01"), "which cannot be"),
    ],
)
def test_a_parcel_that_cannot_be_is_refused_and_nothing_recorded(run_flask, tenant, options, said) -> None:
    number = pay(tenant, "shirt", quantity=3).order_number
    code = 2 if "PRODUCT:UNITS" in said or "one unit" in said else 1
    assert said in run_flask("shipments", "create", number, *options, code=code).stderr
    assert load_order(tenant, number).shipments == []


def test_a_day_in_the_future_is_refused(run_flask, tenant) -> None:
    number = pay(tenant, "shirt").order_number
    tomorrow = f"{utc_now().astimezone(_ZONE) + timedelta(days=1):%Y-%m-%d}"
    assert "in the future" in run_flask("shipments", "create", number, "--shipped", tomorrow, code=1).stderr


def test_what_came_back_is_recorded_restocked_and_refunded(run_flask, tenant) -> None:
    number = pay(tenant, "shirt", quantity=3).order_number
    assert (
        "0 units of shirt were shipped"
        in run_flask("returns", "record", number, "--line", "shirt", "--yes", code=1).stderr
    )
    run_flask("shipments", "create", number)
    record = ("returns", "record", number)
    assert "--line or --damaged" in run_flask(*record, "--yes", code=2).stderr
    assert "Nothing was done" in run_flask(*record, "--line", "shirt", stdin="n\n", code=1).stderr
    assert "At most 500" in run_flask(*record, "--line", "shirt", "--reason", "x" * 501, code=2).stderr
    assert load_order(tenant, number).returns == []

    kept = run_flask(*record, "--damaged", "shirt", "--no-refund", "--yes").stdout
    assert kept == f"{number}: recorded, now shipped. Nothing has to be refunded now.\n"
    rest = run_flask(*record, "--line", "shirt:2", "--reason", "Too small", "--yes").stdout
    assert rest == f"{number}: recorded, now returned. A worker refunds 118.00 EUR.\n"
    assert figures(tenant, "shirt") == (99, 0, 1)
    assert [entry.actor for entry in audited(tenant, "return_recorded")] == ["operator"] * 2
