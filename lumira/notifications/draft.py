"""The draft of a message: what a composer returns."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address

from lumira.models import Language, Tenant


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a message contains; its rows are loaded, so that it is rendered outside the transaction."""

    tenant: Tenant
    kind: str
    language: Language
    to: Address
    #: The local part of the Message-ID: a message that is sent again after a crash has the same one.
    identity: str
    at: datetime
    #: The variables of the template.
    values: dict[str, object]
    #: Where the recipient's reply goes; `None` in messages to the team.
    reply_to: str | None = None
