"""The promotion code of the checkout page: a parameter of its URL, so that a link may contain it.

The form that enters it leads to the same page with another parameter. It needs no script, and what it shows can be
shown again.
"""

from flask import g, request

from lumira.blueprints.http.checkout_quotas import counted_code
from lumira.blueprints.pages.checkout_visit import Visit
from lumira.domain.commands import CheckoutItem
from lumira.errors import RateLimited
from lumira.errors.orders import InvalidPromotionCode
from lumira.pages.checkout import CodeState
from lumira.services.checkout.view_offer import Offer, view_offer

#: The parameter of the page.
PARAMETER = "code"
#: Characters of a code that are shown again.
_LENGTH = 80


def entered_code() -> str:
    """The code in the URL of the running request; empty if there is none."""
    return request.args.get(PARAMETER, "").strip()[:_LENGTH]


def view_with_code(
    visit: Visit, items: tuple[CheckoutItem, ...], country: str | None = None
) -> tuple[Offer, CodeState]:
    """Return the offer with the code in the URL, sent to `country`; if the code does not count, without it, and why.

    Raises as `view_offer`, except `InvalidPromotionCode`.
    """
    entered = entered_code()
    others = tuple((name, value) for name, value in request.args.items() if name != PARAMETER)
    state = CodeState(entered, path=request.path, others=others)
    if not entered:
        return view_offer(g.tenant_id, items, country), state
    try:
        with counted_code(entered):
            offer = view_offer(
                g.tenant_id,
                items,
                country,
                promotion_code=entered,
                has_opened=bool(visit.of_items(items)),
            )
    except InvalidPromotionCode as error:
        return view_offer(g.tenant_id, items, country), state.failing(error)
    except RateLimited:
        return view_offer(g.tenant_id, items, country), state.limited()
    return offer, state
