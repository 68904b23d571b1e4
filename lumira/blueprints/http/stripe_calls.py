"""Routes that may call Stripe."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from lumira import stripe_slots

#: The attribute of a view that may call Stripe.
MARK = "calls_stripe"

_View = TypeVar("_View", bound=Callable[..., Any])


def calls_stripe(view: _View) -> _View:
    """Refuse the request before its body is read if too many others wait for Stripe; raises `StripeBusy`.

    For every route whose use case may call Stripe: stands above `body`.
    """

    @wraps(view)
    def admitted(*arguments: Any, **options: Any) -> Any:
        with stripe_slots.admitted():
            return view(*arguments, **options)

    # For the test that every route which may call Stripe is marked.
    setattr(admitted, MARK, True)
    return cast(_View, admitted)
