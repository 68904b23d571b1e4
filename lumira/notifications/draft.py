"""What a composer returns: the draft of a message, or until when the message is postponed."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address

from lumira.models import Language, Tenant


@dataclass(frozen=True, slots=True)
class InlineImage:
    """An image that is a part of the message, so that reading it loads nothing."""

    #: The name by which the HTML refers to it, without angle brackets.
    content_id: str
    #: A JPEG: not every mail program shows WebP.
    content: bytes


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
    images: tuple[InlineImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Postponed:
    """Whether the message is sent depends on another one, which is attempted at this time."""

    until: datetime
