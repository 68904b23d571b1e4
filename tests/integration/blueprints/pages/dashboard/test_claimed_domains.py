"""Owners prove no ownership of a domain: those that are likely another tenant's or the installation's are refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text

from lumira.blueprints.pages.dashboard.shop.settings_domains import installation
from lumira.database import atomic, db
from lumira.errors import LumiraError
from lumira.errors.tenants import NoPublicDomain, OwnHostUnknown, RelatedDomain, ReservedDomain
from lumira.models import Language
from lumira.repositories.tenants import tenants
from lumira.services.catalog.edit_tenant import Installation, edit_domains
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

PRODUCTION = Installation("pay.example.com", is_development=False)
#: Whether another session waits for an advisory lock.
WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


def domains(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return tenants.list_domains(brand.id)


def add(brand: Brand, *added: str, to: Installation = PRODUCTION) -> list[str]:
    """Add domains as the dashboard does; returns those that the tenant has then."""
    edit_domains(brand.id, (*domains(brand), *added), installation=to, actor="test")
    return domains(brand)


def give(brand: Brand, *names: str) -> None:
    """Set domains as the catalog file and the command line do."""
    with atomic(brand.id):
        tenants.set_domains(brand.id, list(names))


def outcome(work: Callable[[], object]) -> type[LumiraError] | None:
    try:
        work()
    except LumiraError as error:
        return type(error)
    return None


def test_an_owner_adds_no_domain_above_or_below_that_of_another_shop(
    tenant: Brand, other_tenant: Brand
) -> None:
    give(other_tenant, f"shop.{other_tenant.slug}.example")
    for wrong in (
        f"www.shop.{other_tenant.slug}.example",
        f"a.b.shop.{other_tenant.slug}.example",
        f"{other_tenant.slug}.example",
    ):
        with pytest.raises(RelatedDomain):
            add(tenant, f"new.{tenant.domain}", wrong)
    assert domains(tenant) == [tenant.domain]
    # Neither a sibling nor a name that only ends in the same letters.
    fine = (f"blog.{other_tenant.slug}.example", f"my-shop.{other_tenant.slug}.example")
    assert add(tenant, *fine) == sorted([tenant.domain, *fine])


def test_an_owner_adds_domains_below_the_own_ones(tenant: Brand) -> None:
    assert f"www.{tenant.domain}" in add(tenant, f"www.{tenant.domain}")


def test_what_the_operator_of_the_installation_added_stays(tenant: Brand, other_tenant: Brand) -> None:
    given = (f"www.{other_tenant.domain}", tenant.slug, "pay.example.com")
    give(tenant, tenant.domain, *given)
    assert set(add(tenant, f"new.{tenant.domain}")) == {tenant.domain, f"new.{tenant.domain}", *given}
    # The other tests need these names: the database is theirs too.
    give(tenant)


@pytest.mark.parametrize("is_first_above", [True, False])
def test_of_two_shops_that_add_related_domains_at_once_one_is_refused(
    app: Flask, tenant: Brand, other_tenant: Brand, is_first_above: bool
) -> None:
    names = (f"x{tenant.slug}.example", f"www.x{tenant.slug}.example")
    first, second = names if is_first_above else names[::-1]

    def add_second() -> type[LumiraError] | None:
        with app.app_context():
            return outcome(lambda: add(other_tenant, second))

    with ThreadPoolExecutor(1) as threads:
        with atomic(tenant.id):
            assert tenants.find_related_domain([first]) is None
            tenants.set_domains(tenant.id, [tenant.domain, first])
            waiting = threads.submit(add_second)
            # The second one is at the lock before the first one commits.
            while not db.session.execute(text(WAITS)).scalar():
                assert not waiting.done()
        assert waiting.result(timeout=30) is RelatedDomain
    assert (domains(tenant), domains(other_tenant)) == (sorted([tenant.domain, first]), [other_tenant.domain])


@pytest.mark.parametrize(
    "wrong", ["localhost", "shop", "203.0.113.5", "127.0.0.1", "127.1", "1.0x7f", "a.localhost", "box.local"]
)
def test_an_address_or_local_name_is_no_domain_outside_development(tenant: Brand, wrong: str) -> None:
    with pytest.raises(NoPublicDomain):
        add(tenant, wrong)
    assert domains(tenant) == [tenant.domain]


def test_a_local_name_is_a_domain_in_development(tenant: Brand) -> None:
    local = [tenant.slug, f"{tenant.slug}.localhost"]
    assert set(local) < set(add(tenant, *local, to=Installation(None, is_development=True)))


@pytest.mark.parametrize("wrong", ["pay.example.com", "www.pay.example.com", "example.com"])
@pytest.mark.parametrize(
    "public_url", ["https://pay.example.com", "https://PAY.example.com.", "https://pay.example.com.:8443"]
)
def test_an_owner_adds_no_domain_of_the_installation_however_it_is_written(
    app: Flask, tenant: Brand, monkeypatch: pytest.MonkeyPatch, public_url: str, wrong: str
) -> None:
    monkeypatch.setitem(app.extensions, "lumira", replace(app.extensions["lumira"], public_url=public_url))
    with pytest.raises(ReservedDomain):
        add(tenant, wrong, to=installation())
    assert domains(tenant) == [tenant.domain]


def test_without_public_url_owners_only_remove_domains(tenant: Brand) -> None:
    unknown = Installation(None, is_development=False)
    with pytest.raises(OwnHostUnknown):
        add(tenant, f"new.{tenant.domain}", to=unknown)
    edit_domains(tenant.id, (), installation=unknown, actor="test")
    assert domains(tenant) == []


@pytest.mark.parametrize(
    ("language", "related", "local", "many"),
    [
        (
            Language.ENGLISH,
            "above or below a domain of another shop",
            "is no public domain",
            "at most 50 domains",
        ),
        (
            Language.FRENCH,
            "au-dessus ou en dessous du domaine",
            "pas un domaine public",
            "50 domaines au plus",
        ),
    ],
)
def test_the_form_says_why_a_domain_is_refused(
    app: Flask,
    tenant: Brand,
    other_tenant: Brand,
    monkeypatch: pytest.MonkeyPatch,
    language: Language,
    related: str,
    local: str,
    many: str,
) -> None:
    settings = replace(app.extensions["lumira"], public_url="http://localhost")
    monkeypatch.setitem(app.extensions, "lumira", settings)
    browser = sign_in(app, make_operator(tenant, language=language))
    for entered, reason in (
        (f"www.{other_tenant.domain}", related),
        ("203.0.113.5", local),
        (" ".join(f"s{number}.{tenant.domain}" for number in range(51)), many),
    ):
        reply = browser.submit(f"/dashboard/{tenant.slug}/settings/domains", domains=entered)
        assert (reply.status_code, reason in reply.text) == (400, True)
    assert domains(tenant) == [tenant.domain]
    most = "\n".join(f"s{number}.{tenant.domain}" for number in range(50))
    assert browser.submit(f"/dashboard/{tenant.slug}/settings/domains", domains=most).status_code == 303
    assert len(domains(tenant)) == 50
