"""`flask crm differences|decide|choose`: what a person decides, in a terminal."""

import json

import pytest

from lumira.models import ContactField
from tests.support import crm as sales
from tests.support.crm_reading import CrmBrand, connect
from tests.support.factories import BUYER

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def crm(tenant, dolibarr_server) -> CrmBrand:
    """A tenant with a customer whose phone was changed on both sides."""
    brand = connect(tenant, dolibarr_server)
    linked = brand.link(phone="+33 1")
    brand.change_ours(linked, phone="+33 2")
    brand.change_theirs(linked, phone="+33 3")
    brand.poll()
    return brand


def test_both_values_are_listed_and_the_chosen_one_counts(run_flask, crm) -> None:
    slug = crm.brand.slug
    listed = run_flask("crm", "differences", slug, "--json").stdout
    assert json.loads(listed) == {
        "customer": "ada@example.com",
        "field": "phone",
        "reason": "both_changed",
        "ours": "+33 2",
        "theirs": "+33 3",
    }
    decide = ("crm", "decide", slug, "ada@example.com", "phone")
    run_flask(*decide, "theirs", stdin="n\n", code=1)
    assert crm.conflicts()[ContactField.PHONE].theirs == "+33 3"

    assert "is +33 3." in run_flask(*decide, "theirs", "--yes").stdout

    assert "nothing waits" in run_flask("crm", "differences", slug).stdout
    assert "does not wait for a decision" in run_flask(*decide, "ours", "--yes", code=1).stderr


def test_a_third_party_is_chosen_among_several(run_flask, tenant, dolibarr_server) -> None:
    sales.connect(tenant, dolibarr_server)
    created = [
        dolibarr_server.staff("POST", "/thirdparties", name=name, client=1, email=BUYER)
        for name in ("Ada", "Ada L.")
    ]
    sales.buy(tenant)
    sales.sync(tenant, turns=2)

    listed = run_flask("crm", "differences", tenant.slug).stdout
    assert str(created[1]) in listed
    assert "Ada L." in listed
    choose = ("crm", "choose", tenant.slug, BUYER)
    assert "Name one third party" in run_flask(*choose, code=2).stderr
    assert "The choice has changed" in run_flask(*choose, "--third-party", "999", code=1).stderr
    run_flask(*choose, "--third-party", str(created[1]))
    sales.sync(tenant)

    attached = [row for row in dolibarr_server.third_parties() if row.get("extra", {}).get("lumira_id")]
    assert [row["id"] for row in attached] == [created[1]]
