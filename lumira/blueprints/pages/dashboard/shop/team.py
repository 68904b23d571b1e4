"""The team of a shop: its operators with their roles, and invitations."""

from http import HTTPStatus
from uuid import UUID

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.forms import InvitationForm, RoleForm, entered
from lumira.blueprints.pages.dashboard.replies import done, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.services.operators import change_team
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.invite_operator import revoke_invitation as revoke
from lumira.services.operators.view_team import view_team


@dashboard.page("/team", may=Role.OWNER)
def show() -> Response:
    """The operators, the pending invitations, and the form that invites."""
    return _team_page(InvitationForm())


@dashboard.page("/team/invitations", may=Role.OWNER, methods=["POST"], recent=True)
def invite() -> Response:
    """Invite an address."""
    form = InvitationForm()
    if not form.validate_on_submit():
        return _team_page(form)
    operator, shop = visit.operator(), visit.shop()
    invite_operator(shop.tenant_id, entered(form.email), role=Role(entered(form.role)), actor=operator.actor)
    return done("team.invited", to=_path(), email=entered(form.email))


@dashboard.page("/team/invitations/<uuid:invitation_id>/revoke", may=Role.OWNER, methods=["POST"])
def revoke_invitation(invitation_id: UUID) -> Response:
    """End an invitation."""
    revoke(visit.shop().tenant_id, invitation_id, actor=visit.operator().actor)
    return done("team.revoked", to=_path())


@dashboard.page("/team/<uuid:operator_id>/role", may=Role.OWNER, methods=["POST"], recent=True)
def change_role(operator_id: UUID) -> Response:
    """Give an operator another role."""
    form = RoleForm()
    if not form.validate_on_submit():
        return redirect_to(_path())
    change_team.change_role(
        visit.shop().tenant_id, operator_id, Role(entered(form.role)), actor=visit.operator().actor
    )
    return done("team.role_changed", to=_path())


@dashboard.page("/team/<uuid:operator_id>/remove", may=Role.OWNER, methods=["POST"], recent=True)
def remove(operator_id: UUID) -> Response:
    """Remove an operator from the team."""
    operator = visit.operator()
    change_team.remove_operator(visit.shop().tenant_id, operator_id, actor=operator.actor)
    # Who left the team sees none of its pages.
    return done("team.removed", to="/dashboard" if operator_id == operator.operator_id else _path())


def _team_page(form: InvitationForm) -> Response:
    return page(
        "team.html.jinja",
        HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK,
        form=form,
        view=view_team(visit.shop().tenant_id),
        own_id=visit.operator().operator_id,
    )


def _path() -> str:
    return f"{visit.shop().path}/team"
