"""Routes of the dashboard: each declares who may open it, and is refused to everyone else before its view runs.

`@dashboard.page("/team", may=Role.OWNER)` is a page of a shop, below `/dashboard/<tenant>`. `own_page` is for every
operator who is signed in, `open_page` for everyone; both are below `/dashboard/-`, which no tenant can be named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint

from lumira.domain.operators import Role, permits

PREFIX = "/dashboard"
#: Of pages that belong to no shop.
_NO_SHOP = "/-"

_View = TypeVar("_View", bound=Callable[..., Any])


class Audience(StrEnum):
    """Whom a page is for."""

    EVERYONE = "everyone"
    #: Everyone alike, signed in or not: a file that caches may keep.
    CACHES = "caches"
    #: Every operator who is signed in.
    SIGNED_IN = "signed_in"
    #: The operators of the shop in the path.
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may open a route; `is_recent`: password and code must have been entered shortly before.

    `is_for_experts`: also experts may, who see no other pages of `may`. `has_upload`: its form sends a file.
    `text_length`: bytes of long texts that its form sends besides its other fields.
    `is_download`: the reply is a file, so the browser stays on the page before. `is_reading`: its form changes nothing,
    so that also a frozen shop takes it.
    """

    audience: Audience
    may: Role | None = None
    is_recent: bool = False
    is_for_experts: bool = False
    has_upload: bool = False
    text_length: int = 0
    is_download: bool = False
    is_reading: bool = False

    def permits(self, role: Role) -> bool:
        """Whether an operator with this role at the shop may open the route."""
        if self.may is None:
            return False
        return permits(role, self.may) or (self.is_for_experts and role is Role.EXPERT)


class Dashboard(Blueprint):
    """The blueprint of the dashboard. A route without a declared access replies 404 to everyone."""

    def __init__(self) -> None:
        super().__init__("dashboard", __name__, url_prefix=PREFIX)
        #: By endpoint, as a request names it.
        self.access: dict[str, Access] = {}

    def page(
        self,
        rule: str,
        *,
        may: Role,
        methods: Sequence[str] = ("GET",),
        recent: bool = False,
        experts: bool = False,
        upload: bool = False,
        text_length: int = 0,
        download: bool = False,
        reading: bool = False,
    ) -> Callable[[_View], _View]:
        """Route a page or an action of a shop, for the roles that include `may`, and for experts if so declared."""
        access = Access(
            Audience.TEAM,
            may,
            recent,
            is_for_experts=experts,
            has_upload=upload,
            text_length=text_length,
            is_download=download,
            is_reading=reading,
        )
        return self._declare(f"/<tenant>{rule}", methods, access)

    def own_page(
        self, rule: str, *, methods: Sequence[str] = ("GET",), recent: bool = False
    ) -> Callable[[_View], _View]:
        """Route a page about the operator, for everyone who is signed in."""
        return self._declare(f"{_NO_SHOP}{rule}", methods, Access(Audience.SIGNED_IN, None, recent))

    def open_page(self, rule: str, *, methods: Sequence[str] = ("GET",)) -> Callable[[_View], _View]:
        """Route a page for everyone, such as sign-in."""
        return self._declare(f"{_NO_SHOP}{rule}", methods, Access(Audience.EVERYONE))

    def file(self, rule: str) -> Callable[[_View], _View]:
        """Route a file that is the same for everyone: nothing is looked up, and no cookie is read."""
        return self._declare(f"{_NO_SHOP}{rule}", ("GET",), Access(Audience.CACHES))

    def entrance(self, rule: str) -> Callable[[_View], _View]:
        """Route the page that leads everyone who is signed in to a shop."""
        return self._declare(rule, ("GET",), Access(Audience.SIGNED_IN))

    def _declare(self, rule: str, methods: Sequence[str], access: Access) -> Callable[[_View], _View]:
        def declare(view: _View) -> _View:
            # A page of two modules may have the same name.
            endpoint = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
            self.access[f"{self.name}.{endpoint}"] = access
            # People type a slash at the end.
            self.add_url_rule(rule, endpoint, view, methods=list(methods), strict_slashes=False)
            return view

        return declare


dashboard = Dashboard()
