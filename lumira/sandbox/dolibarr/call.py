"""One call of the API, as its handlers see it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lumira.sandbox.dolibarr.errors import ApiError
from lumira.sandbox.dolibarr.installation import Installation, User
from lumira.sandbox.dolibarr.tables import Transaction
from lumira.sandbox.dolibarr.values import integer

Body = dict[str, Any]


@dataclass
class Call:
    """A request of a user, in a transaction."""

    installation: Installation
    user: User
    transaction: Transaction
    query: dict[str, str]
    body: Body
    #: What is posted to the webhook targets, in this order, before the commit.
    triggers: list[tuple[str, Body]] = field(default_factory=list)
    #: Posts to the webhook targets; raises if a blocking one fails.
    post: "Callable[[Call], None]" = lambda _: None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the installation."""
        return self.installation.settings

    @property
    def is_old(self) -> bool:
        """Whether the installation behaves as version 16."""
        return integer(str(self.settings["version"]).split(".", maxsplit=1)[0]) < 18  # noqa: PLR2004

    def now(self) -> int:
        """The server's clock."""
        return self.installation.now()

    def require(self, right: int) -> None:
        """Raise 403 unless the user has the right; in version 16 a 401 without a text, as for a wrong key."""
        if self.user.has(right):
            return
        if self.is_old:
            raise ApiError(401)
        raise ApiError(403, f"Access not allowed for login {self.user.login}")

    def require_admin(self, message: str) -> None:
        """Raise 403 unless the user is an administrator."""
        if not self.user.is_admin:
            raise ApiError(403, message)

    def require_field(self, name: str) -> Any:
        """Return a field of the body; raise 400 if it is missing."""
        if name not in self.body:
            raise ApiError(400, f"{name} field missing")
        return self.body[name]

    def trigger(self, code: str, record: Body) -> None:
        """Let the webhook module post an event."""
        self.triggers.append((code, record))

    def commit(self) -> None:
        """Post the events, and then commit: what a receiver reads during the post is the old state."""
        self.post(self)
        self.triggers.clear()
        self.transaction.commit()
        self.transaction.release_locks()


#: Handles a call; the parameters are the groups of its path.
Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """A method and a path of the API, such as ``orders/{id}/validate``, and the module it belongs to."""

    method: str
    path: str
    handler: Handler
    module: str
