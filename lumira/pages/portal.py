"""The buyer's pages: what was bought, and what is said where a link opens nothing."""

from dataclasses import dataclass
from enum import StrEnum

from lumira.models import Language, Tenant
from lumira.pages.rendering import draw
from lumira.services.portal.view_purchases import PortalView


class Notice(StrEnum):
    """What a plain page says."""

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
    """A button that asks for a new link: where it is sent, and what it is signed with."""

    action: str
    signed: str


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is drawn on: the brand (`None`: nobody's), the language, and the nonce of its style element."""

    tenant: Tenant | None
    language: Language
    nonce: str

    @classmethod
    def of(cls, visit: PortalView | None, *, accepted: str | None, nonce: str) -> "PageContext":
        """The visitor's brand and language; where those are not known, nobody's, and the browser's."""
        if visit is None:
            return cls(None, Language.of(accepted), nonce)
        return cls(visit.tenant, Language.of(visit.locale), nonce)

    @classmethod
    def of_brand(cls, tenant: Tenant, *, locale: str | None, nonce: str) -> "PageContext":
        """A brand's, in the language that an earlier page was in."""
        return cls(tenant, Language.of(locale), nonce)


def purchases(sheet: PageContext, visit: PortalView, *, here: str, form: Form) -> str:
    """The page of a live link, which is at the path `here`."""
    return _draw("purchases.html.jinja", sheet, visit=visit, here=here, form=form)


def notice(sheet: PageContext, kind: Notice, *, form: Form | None = None, back: str | None = None) -> str:
    """A plain page; with `form` it offers a new link, with `back` it leads to the purchases."""
    return _draw("notice.html.jinja", sheet, kind=str(kind), form=form, back=back)


def _draw(template: str, sheet: PageContext, **facts: object) -> str:
    return draw(template, tenant=sheet.tenant, language=sheet.language, nonce=sheet.nonce, **facts)
