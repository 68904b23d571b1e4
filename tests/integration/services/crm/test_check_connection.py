"""A check of a connection to Dolibarr names everything that keeps sales from being written there, with its remedy."""

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.domain.crm.findings import CrmFinding
from lumira.domain.crm.settings import CrmSettings
from lumira.domain.crm.texts import text_of
from lumira.errors.crm import CrmNotChecked, CrmNotConnected
from lumira.models import CrmConnection, Language, Tenant
from lumira.services.crm.change_connection import set_connection, switch_off, switch_on
from lumira.services.crm.check_connection import check_connection
from lumira.services.crm.set_up import set_up_crm
from lumira.services.crm.view_connection import view_connection
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

#: Of every test shop: it sells in test mode and has no legal lines, and no administrator proved the uniqueness.
ALWAYS = {
    "test_mode",
    "no_vat_rate",
    "uniqueness_unknown",
    "currency_unreadable",
    "bank_account_unreadable",
    "rights_unreadable",
}
#: What the user of a connection needs, and the right to read these rights.
NEEDED = (121, 122, 262, 81, 82, 11, 12)
READS_ITSELF = 252


def connect(brand: Brand, dolibarr: DolibarrSandbox, *, key: str | None = None, **settings: object) -> None:
    values = {"bank_account_id": 1, "payment_type_id": 6, **settings}
    url = str(values.pop("url", dolibarr.url))
    set_connection(brand.id, CrmSettings(url, **values), api_key=key or dolibarr.key, actor="test")  # type: ignore[arg-type]


def check(brand: Brand) -> dict[str, CrmFinding]:
    return {finding.code: finding for finding in check_connection(brand.id)}


def faults(brand: Brand) -> set[str]:
    return {finding.code for finding in check_connection(brand.id) if finding.is_fault}


@pytest.fixture
def shop(tenant: Brand, dolibarr_server: DolibarrSandbox) -> Brand:
    connect(tenant, dolibarr_server)
    return tenant


def test_a_dolibarr_with_everything_has_no_fault_and_can_be_switched_on(shop) -> None:
    assert check(shop).keys() <= ALWAYS
    assert switch_on(shop.id, actor="test")
    assert not switch_on(shop.id, actor="test")
    assert view_connection(shop.id).switched_on_at is not None
    assert switch_off(shop.id, actor="test")


def test_a_connection_is_switched_on_only_after_a_check_without_faults(shop, dolibarr_server) -> None:
    with pytest.raises(CrmNotChecked):
        switch_on(shop.id, actor="test")
    dolibarr_server.change_user(rights=[])
    check(shop)
    with pytest.raises(CrmNotChecked):
        switch_on(shop.id, actor="test")


def test_without_a_connection_there_is_nothing_to_check(tenant) -> None:
    with pytest.raises(CrmNotConnected):
        check_connection(tenant.id)


def test_a_wrong_key_is_named(tenant, dolibarr_server) -> None:
    connect(tenant, dolibarr_server, key="wrong")
    assert faults(tenant) == {"wrong_key"}


def test_a_dolibarr_that_is_down_is_named(shop, dolibarr_server) -> None:
    dolibarr_server.configure(down=True)
    assert faults(shop) & {"unreachable"}


def test_an_address_that_is_no_dolibarr_is_named(tenant, dolibarr_server, sandbox) -> None:
    connect(tenant, dolibarr_server, url=sandbox.url)
    assert faults(tenant) <= {"not_dolibarr", "module_off", "not_found"}
    assert faults(tenant)


@pytest.mark.parametrize("number", NEEDED)
def test_a_missing_right_is_named_with_its_number(shop, dolibarr_server, number) -> None:
    dolibarr_server.change_user(rights=[each for each in (*NEEDED, READS_ITSELF) if each != number])
    found = check_connection(shop.id)
    said = [text_of(each.code, Language.ENGLISH, each.values).message for each in found if each.is_fault]
    assert any(str(number) in sentence for sentence in said), found


@pytest.mark.parametrize("number", [121, 122, 81, 82, 11, 12])
def test_a_missing_right_is_found_by_trying_where_the_user_may_not_read_its_rights(
    shop, dolibarr_server, number
) -> None:
    dolibarr_server.change_user(rights=[each for each in NEEDED if each != number])
    found = check_connection(shop.id)
    said = [text_of(each.code, Language.ENGLISH, each.values).message for each in found if each.is_fault]
    assert any(str(number) in sentence for sentence in said), found


@pytest.mark.parametrize(("module", "what"), [("commande", "orders"), ("facture", "invoices")])
def test_a_module_that_is_off_is_named(shop, dolibarr_server, module, what) -> None:
    dolibarr_server.configure(modules_off=[module])
    assert "module_off" in faults(shop), what


def test_a_missing_extra_field_is_named_and_setup_creates_it(tenant, sandbox) -> None:
    bare = DolibarrSandbox(sandbox.url, has_extra_fields=False)
    connect(tenant, bare)
    assert faults(tenant) == {"extra_field_missing"}
    assert [step.is_created for step in set_up_crm(tenant.id, admin_key=bare.admin_key, actor="test")][
        :3
    ] == [True] * 3
    assert not faults(tenant)
    assert "uniqueness_unknown" not in check(tenant)


def test_an_extra_field_that_is_not_unique_is_found_by_setup(tenant, sandbox) -> None:
    bare = DolibarrSandbox(sandbox.url, has_extra_fields=False)
    bare._control("extrafields", name="lumira_id", unique=0)
    connect(tenant, bare)
    problems = [step.problem for step in set_up_crm(tenant.id, admin_key=bare.admin_key, actor="test")]
    assert problems[:3] == ["not_unique"] * 3
    assert "uniqueness_unknown" in check(tenant)


def test_setup_chooses_bank_account_and_payment_type_and_a_second_run_creates_nothing(
    tenant, dolibarr_server
) -> None:
    connect(tenant, dolibarr_server, bank_account_id=None, payment_type_id=None)
    assert faults(tenant) == {"bank_account_missing", "payment_type_missing"}
    first = set_up_crm(tenant.id, admin_key=dolibarr_server.admin_key, actor="test")
    assert [step.code for step in first if step.is_created] == ["bank_account"]
    assert not faults(tenant)
    chosen = view_connection(tenant.id).settings
    assert chosen is not None
    assert (chosen.bank_account_id, chosen.payment_type_id) == (2, 6)
    again = set_up_crm(tenant.id, admin_key=dolibarr_server.admin_key, actor="test")
    assert not any(step.is_created or step.problem for step in again)
    assert view_connection(tenant.id).settings == chosen


def test_the_administrators_key_is_stored_nowhere(tenant, dolibarr_server) -> None:
    connect(tenant, dolibarr_server)
    set_up_crm(tenant.id, admin_key=dolibarr_server.admin_key, actor="test")
    check(tenant)
    with atomic(tenant.id):
        row = db.session.get_one(CrmConnection, tenant.id)
        assert dolibarr_server.admin_key not in str(vars(row))
        assert dolibarr_server.key not in str(vars(row))


def test_an_unknown_payment_type_and_category_are_named(tenant, dolibarr_server) -> None:
    connect(tenant, dolibarr_server, payment_type_id=999, category_id=999)
    found = check(tenant)
    assert found["payment_type_unknown"].values == {"id": "999"}
    assert {"category_unknown", "category_unreadable"} & found.keys()


def test_an_unknown_bank_account_is_named_if_the_user_may_read_them(tenant, dolibarr_server) -> None:
    connect(tenant, dolibarr_server, bank_account_id=999)
    dolibarr_server.change_user(rights=[121, 122, 262, 81, 82, 11, 12, 111])
    assert "bank_account_unknown" in faults(tenant)


def test_another_currency_is_named(shop, dolibarr_server) -> None:
    with atomic(shop.id):
        db.session.execute(update(Tenant).where(Tenant.id == shop.id).values(currency="chf"))
    dolibarr_server.change_user(rights=[121, 122, 262, 81, 82, 11, 12, 111])
    assert "bank_account_currency" in faults(shop)


@pytest.mark.parametrize("version", ["16.0.3", "22.0.4"])
def test_an_old_version_is_named_as_a_notice(shop, dolibarr_server, version) -> None:
    dolibarr_server.configure(version=version)
    found = check(shop)["old_version"]
    assert not found.is_fault
    message = text_of(found.code, Language.ENGLISH, {**found.values, "slug": shop.slug}).message
    assert f"Dolibarr 23 and later; version {version} is older" in message


@pytest.mark.parametrize("version", ["23.0.0-beta", "24.0.1", "", "develop"])
def test_a_version_that_is_not_known_to_be_old_has_no_notice(shop, dolibarr_server, version) -> None:
    dolibarr_server.configure(version=version)
    assert "old_version" not in check(shop)


def test_another_url_drops_the_key_and_switches_the_connection_off(shop, dolibarr_server) -> None:
    check(shop)
    switch_on(shop.id, actor="test")
    settings = view_connection(shop.id).settings
    assert settings is not None
    set_connection(shop.id, CrmSettings(f"{settings.url}-moved"), api_key=None, actor="test")
    view = view_connection(shop.id)
    assert (view.has_key, view.switched_on_at, view.checked_at) == (False, None, None)
    before = len(dolibarr_server.calls())
    assert faults(shop) == {"key_missing"}
    assert len(dolibarr_server.calls()) == before


def test_a_tenant_neither_sees_nor_changes_the_connection_of_another(shop, make_brand) -> None:
    other = make_brand()
    assert view_connection(other.id).settings is None
    with atomic(other.id):
        assert db.session.get(CrmConnection, shop.id) is None
