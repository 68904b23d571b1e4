"""The page with Stripe's Payment Element, in the brand's theme."""

from typing import Any

from lumira.models import Language
from lumira.notifications.theme import Theme, readable_on, theme_of
from lumira.pages.checkout import FormError
from lumira.pages.portal import PageContext
from lumira.pages.rendering import render_page
from lumira.pages.texts import TEXTS
from lumira.services.checkout.view_payment import PaymentView

#: Red with enough contrast on dark, and on light backgrounds (WCAG 2.2, success criterion 1.4.3).
_DANGER_ON_DARK, _DANGER_ON_LIGHT = "#FF8A80", "#B42318"


def payment(context: PageContext, view: PaymentView, *, path: str, return_url: str, back: str) -> str:
    """Render the page that pays an order.

    `path` is the order's, `return_url` the absolute URL to which Stripe.js leads after the payment, `back` the path of
    the form that buys the same. The page contains the client secret: no cache may store it.
    """
    order = view.opened.order
    settings = {
        "publishableKey": view.publishable_key,
        "stripeAccount": view.stripe_account,
        "clientSecret": view.client_secret,
        "locale": str(context.language),
        "appearance": appearance(theme_of(view.opened.tenant)),
        "billingDetails": {"email": order.customer_email or "", "name": order.customer_name or ""},
        "returnUrl": return_url,
        "checkUrl": f"{path}/pay",
        "orderUrl": path,
    }
    return render_page(
        "payment.html.jinja",
        tenant=context.tenant,
        language=context.language,
        nonce=context.nonce,
        order=order,
        settings=settings,
        script_url=view.script.url,
        path=path,
        back=back,
    )


def appearance(theme: Theme) -> dict[str, Any]:
    """Return the brand's theme as Stripe's Appearance API takes it."""
    is_dark = theme.on_background != readable_on("#FFFFFF")
    return {
        "theme": "night" if is_dark else "stripe",
        "variables": {
            "colorPrimary": theme.primary,
            "accessibleColorOnColorPrimary": theme.on_primary,
            "colorBackground": theme.background,
            "colorText": theme.on_background,
            "colorDanger": _DANGER_ON_DARK if is_dark else _DANGER_ON_LIGHT,
            "borderRadius": f"{theme.radius}px",
            "fontFamily": "system-ui, sans-serif",
        },
    }


def refusal(locale: str, error: FormError) -> str:
    """Return why the buyer must not confirm the payment now, in words."""
    sentence: str = TEXTS[Language.of(locale)]["checkout"]["error"][str(error)]
    return sentence
