"""Owners manage the team of their shop; every change is audited with its operator and acts at once."""

import re

import pytest
from sqlalchemy import select

from lumira import operator_tokens
from lumira.database import atomic, db
from lumira.models import AuditEntry, OperatorInvitation, OperatorRole, Role
from lumira.services.operators.invite_operator import invite_operator
from tests.support.dashboard import Operator, OperatorBrowser, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def public(client_with):
    """An application whose address is known: without it no invitation can be sent."""
    return client_with(public_url="http://localhost").application


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    return make_operator(tenant)


@pytest.fixture
def browser(public, owner) -> OperatorBrowser:
    return sign_in(public, owner)


def audited(brand: Brand, action: str) -> AuditEntry:
    with atomic(brand.id):
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        return db.session.execute(query.limit(1)).scalar_one()


def test_the_team_shows_operators_and_pending_invitations(browser, tenant, owner) -> None:
    viewer = make_operator(tenant, Role.VIEWER)
    reply = browser.submit(
        f"/dashboard/{tenant.slug}/team/invitations", email="new@example.com", role="expert"
    )
    assert reply.headers["Location"] == f"/dashboard/{tenant.slug}/team"
    page = browser.get(f"/dashboard/{tenant.slug}/team").text
    assert "The invitation is sent by e-mail to new@example.com." in page
    assert all(text in page for text in (owner.email, viewer.email, "new@example.com"))
    # The owner has signed in, the viewer has not.
    assert page.count(">never</td>") == 1
    assert re.search(r'data-label="Last sign-in">\d\d/\d\d/\d{4} \d\d:\d\d<', page)
    assert audited(tenant, "operator_invited").actor == owner.actor


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"email": "", "role": "viewer"}, "This field is required"),
        ({"email": "no address", "role": "viewer"}, "Write an e-mail address"),
        ({"email": "a@example.com\r\nBcc: b@example.com", "role": "viewer"}, "Write an e-mail address"),
        ({"email": "x" * 300, "role": "viewer"}, "too long"),
    ],
)
def test_an_invalid_address_is_not_invited(browser, tenant, fields, text) -> None:
    reply = browser.submit(f"/dashboard/{tenant.slug}/team/invitations", **fields)
    assert reply.status_code == 400
    assert text in reply.text


def test_an_unknown_role_is_refused(browser, tenant) -> None:
    reply = browser.submit(f"/dashboard/{tenant.slug}/team/invitations", email="a@example.com", role="root")
    assert reply.status_code == 400
    with atomic(tenant.id):
        invited = db.session.execute(
            select(OperatorInvitation).where(OperatorInvitation.email == "a@example.com")
        )
        assert invited.all() == []


def test_a_revoked_invitation_is_gone(browser, tenant, owner) -> None:
    browser.submit(f"/dashboard/{tenant.slug}/team/invitations", email="gone@example.com", role="viewer")
    with atomic(tenant.id):
        row = db.session.execute(
            select(OperatorInvitation).where(OperatorInvitation.email == "gone@example.com")
        ).scalar_one()
    path = f"/dashboard/{tenant.slug}/team/invitations/{row.id}/revoke"
    assert browser.submit(path).status_code == 303
    assert "gone@example.com" not in browser.get(f"/dashboard/{tenant.slug}/team").text
    assert browser.submit(path).status_code == 404
    assert audited(tenant, "operator_invitation_revoked").actor == owner.actor


def test_a_changed_role_counts_from_the_next_request(app, browser, tenant, owner) -> None:
    viewer = make_operator(tenant, Role.VIEWER)
    theirs = sign_in(app, viewer)
    assert theirs.get(f"/dashboard/{tenant.slug}/team").status_code == 403
    browser.submit(f"/dashboard/{tenant.slug}/team/{viewer.id}/role", role="owner")
    assert theirs.get(f"/dashboard/{tenant.slug}/team").status_code == 200
    assert audited(tenant, "operator_role_changed").details["role"] == "owner"


def test_a_removed_operator_sees_nothing_from_the_next_request(app, browser, tenant, owner) -> None:
    viewer = make_operator(tenant, Role.VIEWER)
    theirs = sign_in(app, viewer)
    assert browser.submit(f"/dashboard/{tenant.slug}/team/{viewer.id}/remove").status_code == 303
    assert theirs.get(f"/dashboard/{tenant.slug}").status_code == 404
    assert audited(tenant, "operator_removed").actor == owner.actor
    page = sign_in(app, viewer).get("/dashboard")
    assert "You are in no team" in page.text
    assert tenant.slug not in page.text


@pytest.mark.parametrize(("action", "fields"), [("remove", {}), ("role", {"role": "viewer"})])
def test_the_open_invitations_of_an_operator_who_is_removed_or_demoted_end(
    app, browser, tenant, owner, action, fields
) -> None:
    second = make_operator(tenant)
    sent = {
        actor: invite_operator(tenant.id, email, role=Role.OWNER, actor=actor, is_sent=False)
        for email, actor in (("theirs@example.com", second.actor), ("kept@example.com", owner.actor))
    }
    assert browser.submit(f"/dashboard/{tenant.slug}/team/{second.id}/{action}", **fields).status_code == 303
    links = {actor: f"/dashboard/-/set-up/{operator_tokens.sign(sent[actor].address)}" for actor in sent}
    assert open_browser(app).get(links[second.actor]).status_code == 404
    assert open_browser(app).get(links[owner.actor]).status_code == 200
    revoked = audited(tenant, "operator_invitation_revoked")
    assert revoked.actor == owner.actor
    assert revoked.subject == f"operator_invitation:{sent[second.actor].address.invitation_id}"


def test_a_removed_operator_returns_by_an_invitation_to_the_same_account(app, browser, tenant, owner) -> None:
    viewer = make_operator(tenant, Role.VIEWER)
    browser.submit(f"/dashboard/{tenant.slug}/team/{viewer.id}/remove")
    invitation = invite_operator(tenant.id, viewer.email, role=Role.EXPERT, actor="test", is_sent=False)
    theirs = sign_in(app, viewer)
    path = f"/dashboard/-/accept/{operator_tokens.sign(invitation.address)}"
    assert theirs.submit(path).headers["Location"] == f"/dashboard/{tenant.slug}/deliverables"
    assert theirs.get(f"/dashboard/{tenant.slug}/deliverables").status_code == 200


@pytest.mark.parametrize(("action", "fields"), [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_owner_stays_owner(browser, tenant, owner, action, fields) -> None:
    make_operator(tenant, Role.EXPERT)
    reply = browser.submit(f"/dashboard/{tenant.slug}/team/{owner.id}/{action}", **fields)
    assert reply.status_code == 409
    assert "The team needs an owner" in reply.text
    with atomic(tenant.id):
        row = db.session.get(OperatorRole, (tenant.id, owner.id))
        assert row is not None
        assert (row.role, row.removed_at) == (Role.OWNER, None)


def test_an_operator_of_another_team_cannot_be_changed(browser, tenant, other_tenant) -> None:
    theirs = make_operator(other_tenant, Role.VIEWER)
    path = f"/dashboard/{tenant.slug}/team/{theirs.id}"
    assert browser.submit(f"{path}/role", role="owner").status_code == 404
    assert browser.submit(f"{path}/remove").status_code == 404


def test_who_is_in_the_team_is_not_invited_again(browser, tenant, owner) -> None:
    reply = browser.submit(
        f"/dashboard/{tenant.slug}/team/invitations", email=owner.email.upper(), role="viewer"
    )
    assert reply.status_code == 409


def test_without_an_address_of_the_installation_no_invitation_is_created(app, tenant, owner) -> None:
    reply = sign_in(app, owner).submit(
        f"/dashboard/{tenant.slug}/team/invitations", email="new@example.com", role="viewer"
    )
    assert reply.status_code == 409
    assert "PUBLIC_URL" in reply.text
    with atomic(tenant.id):
        assert len(db.session.execute(select(OperatorInvitation)).all()) == 1
