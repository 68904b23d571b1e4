"""Pages of a withdrawal: the request by order number, and the second step that confirms it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from lumira.domain.withdrawal_period import refund_due_at
from lumira.pages.portal import Form, PageContext
from lumira.pages.rendering import render_page
from lumira.services.withdrawals.view_withdrawal import WithdrawalView


class WithdrawalError(StrEnum):
    """What is wrong with a form that was sent."""

    NUMBER = "number"
    EMAIL = "email"
    STALE = "stale"
    NOTHING_CHOSEN = "nothing_chosen"
    REASON = "reason"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True, slots=True)
class RequestState:
    """What was entered in the first step, and what is wrong with it."""

    number: str = ""
    email: str = ""
    error: WithdrawalError | None = None


@dataclass(frozen=True, slots=True)
class SentForm:
    """What was entered in the second step, and what is wrong with it."""

    error: WithdrawalError
    reason: str
    #: How many units of each order line, by its id.
    units: Mapping[UUID, int]


def request(context: PageContext, state: RequestState, *, form: Form) -> str:
    """Render the first step, for a buyer without an account."""
    return _render("withdrawal_request.html.jinja", context, state=state, form=form)


def requested(context: PageContext, requested_at: datetime) -> str:
    """Render the reply to the first step: the same whether or not there is such an order."""
    return _render("withdrawal_requested.html.jinja", context, requested_at=requested_at)


def confirm(
    context: PageContext,
    view: WithdrawalView,
    *,
    form: Form,
    back: str | None,
    sent: SentForm | None = None,
) -> str:
    """Render the second step: what the buyer withdraws from, and the withdrawals that were received.

    `sent` is a form that is refused; what was entered in it stays.
    """
    return _render(
        "withdrawal_confirm.html.jinja",
        context,
        view=view,
        form=form,
        back=back,
        error=None if sent is None else sent.error,
        reason="" if sent is None else sent.reason,
        chosen=None if sent is None else sent.units,
        refund_due_at=refund_due_at,
    )


def unknown(context: PageContext, *, again: str) -> str:
    """Render the notice for a link that does not work; `again` is the path of the first step."""
    return _render("withdrawal_unknown.html.jinja", context, again=again)


def _render(template: str, context: PageContext, **values: object) -> str:
    return render_page(
        template, tenant=context.tenant, language=context.language, nonce=context.nonce, **values
    )
