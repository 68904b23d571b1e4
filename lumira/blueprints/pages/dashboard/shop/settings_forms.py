"""What the forms of the settings have in common: what is wrong with a field, and what was changed meanwhile."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard.replies import language, page
from lumira.errors import LumiraError
from lumira.pages.dashboard.texts import TEXTS
from lumira.pages.dashboard.validation import invalid_fields
from lumira.services.tenants.view_settings import TenantSettings

_SEEN = "seen"


def seen() -> str | None:
    """The fingerprint of the settings that the form showed; `None` if it has none."""
    return request.form.get(_SEEN) or None


def form_page(
    template: str, *, entered: dict[str, str], names: Sequence[str], view: TenantSettings, **context: Any
) -> Response:
    """The form with what is entered. If it was sent, it still says which settings it showed at first."""
    context = {"errors": {}, "problem": None} | context
    return page(
        template,
        HTTPStatus.BAD_REQUEST if context["errors"] else HTTPStatus.OK,
        entered=entered,
        seen=context.pop(_SEEN, None) or seen() or view.fingerprint(names),
        **context,
    )


def refused(error: LumiraError) -> dict[str, Any]:
    """What a form says that the rules of the catalog file refuse."""
    return {"errors": invalid_fields(error, language()), "problem": "invalid"}


def changed_meanwhile(
    entered: dict[str, str], stored: dict[str, str], *, names: Sequence[str], view: TenantSettings
) -> dict[str, Any]:
    """What a form says after another operator changed the settings: sent once more, it replaces them."""
    words = TEXTS[language()]["settings"]
    return {
        "errors": {
            name: words["stored_now"].format(stored[name] or words["nothing"])
            for name in stored
            if stored[name] != entered[name]
        },
        "problem": "changed_meanwhile",
        _SEEN: view.fingerprint(names),
    }
