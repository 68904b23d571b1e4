"""Pages of the portal: the purchases of a link's owner, and notices."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lumira.domain.goods.carriers import name_of
from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import Language, Order, Tenant
from lumira.pages.rendering import render_page
from lumira.services.portal.view_purchases import PortalView


class Notice(StrEnum):
    """The text of a notice page."""

    UNKNOWN = "unknown"
    ENDED = "ended"
    REQUESTED = "requested"
    STALE_FORM = "stale_form"
    NO_FILE = "no_file"
    CLOSED = "closed"
    TOO_OFTEN = "too_often"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Form:
    """A button that requests a new link: the URL it is sent to, and its signature."""

    action: str
    signed: str


class Branded(Protocol):
    """The result of a use case for one tenant's page."""

    @property
    def tenant(self) -> Tenant: ...


@dataclass(frozen=True, slots=True)
class PageContext:
    """What every page needs: the tenant (`None`: unbranded), the language, and the nonce of its style element."""

    tenant: Tenant | None
    language: Language
    nonce: str

    @classmethod
    def of(cls, view: PortalView | None, *, accepted: str | None, nonce: str) -> "PageContext":
        """Return the context of a portal view; without one, unbranded and in the browser's language."""
        if view is None:
            return cls(None, Language.of(accepted), nonce)
        return cls(view.tenant, Language.of(view.locale), nonce)

    @classmethod
    def of_brand(cls, tenant: Tenant, *, locale: str | None, nonce: str) -> "PageContext":
        """Return the context of a tenant's page in the language of the page before."""
        return cls(tenant, Language.of(locale), nonce)


def purchases(context: PageContext, view: PortalView, *, here: str, form: Form) -> str:
    """Render the portal of a live link, whose path is `here`."""
    return _render(
        "purchases.html.jinja",
        context,
        view=view,
        here=here,
        shop=f"/checkout/{view.tenant.slug}",
        form=form,
        refund_due_at=refund_due_at,
        carrier_name=name_of,
        names_of=_names_of,
    )


def _names_of(order: Order) -> dict[str, str]:
    """The name under which the order sold each product."""
    return {line.product_id: line.product_name for line in order.lines}


def notice(context: PageContext, kind: Notice, *, form: Form | None = None, back: str | None = None) -> str:
    """Render a notice; `form` adds a button for a new link, `back` a link to the purchases."""
    return _render("notice.html.jinja", context, kind=str(kind), form=form, back=back)


def _render(template: str, context: PageContext, **values: object) -> str:
    return render_page(
        template, tenant=context.tenant, language=context.language, nonce=context.nonce, **values
    )
