"""An operator lists, creates and revokes a buyer's links."""

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry
from tests.support.factories import BUYER
from tests.support.portal_pages import PUBLIC_URL, reached_at
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")


def audited(brand) -> list[str]:
    with atomic(brand.id):
        entries = db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()
        return [each.action for each in entries if "link" in each.action]


def test_a_link_is_created_shown_and_revoked(run_flask, client, tenant) -> None:
    pay(tenant)
    chosen = (BUYER, "--tenant", tenant.slug)
    with reached_at():
        url = run_flask("links", "new", *chosen).stdout.splitlines()[-1]
        assert run_flask("links", "new", *chosen).stdout.splitlines()[-1] == url
        path = url.removeprefix(PUBLIC_URL)
        assert client.get(path).status_code == 200

        shown = run_flask("links", "show", *chosen).stdout
        assert "live" in shown
        assert path.removeprefix("/my/") not in shown

        assert run_flask("links", "revoke", *chosen).stdout == "1 revoked.\n"
        assert run_flask("links", "revoke", *chosen).stdout == "There is no live link.\n"
        assert client.get(path).status_code == 410
        assert "revoked" in run_flask("links", "show", *chosen).stdout
        assert run_flask("links", "new", *chosen).stdout.splitlines()[-1] != url
    assert audited(tenant) == [
        "access_link_handed_out",
        "access_link_handed_out",
        "access_links_revoked",
        "access_link_handed_out",
    ]


def test_the_link_of_a_merged_address_names_the_only_mailbox_to_send_it_to(run_flask, tenant) -> None:
    for email in (BUYER, "buyer@exmaple.com"):
        pay(tenant, customer_email=email)
    run_flask("customers", "merge", "buyer@exmaple.com", BUYER, "--tenant", tenant.slug)

    with reached_at():
        merged = run_flask("links", "new", "buyer@exmaple.com", "--tenant", tenant.slug)
        own = run_flask("links", "new", BUYER.upper(), "--tenant", tenant.slug)

    assert f"Send it to {BUYER} only" in merged.stderr
    assert "only" not in own.stderr


def test_an_unknown_customer_has_no_links(run_flask, tenant, other_tenant) -> None:
    pay(other_tenant)
    for command in ("show", "new", "revoke"):
        said = run_flask("links", command, BUYER, "--tenant", tenant.slug, code=1).stderr
        assert "There is no customer with this e-mail address or id." in said


def test_without_a_public_url_no_link_is_created(run_flask, tenant) -> None:
    pay(tenant)
    with reached_at(None):
        said = run_flask("links", "new", BUYER, "--tenant", tenant.slug, code=1).stderr
    assert "PUBLIC_URL" in said
    assert audited(tenant) == []
