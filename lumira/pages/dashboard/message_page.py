"""What the pages of messages show besides the messages themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from lumira.domain import messages
from lumira.formats import last_line
from lumira.models import Language, MessageKind, MessageStatus, OutboxMessage
from lumira.notifications.preview_message import NoPreview, Preview
from lumira.pages.dashboard import actors
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.messages.view_messages import MessageView

#: What the list filters by.
KINDS, STATUSES = tuple(MessageKind), tuple(MessageStatus)
#: Characters of an error: its end says what it is.
_SHOWN_ERROR, _WHOLE_ERROR = 200, 4_000


def kind_of(text: str) -> MessageKind | None:
    """Return the kind with this name; `None` for all kinds, also for an unknown name."""
    return MessageKind(text) if text in KINDS else None


def status_of(text: str) -> MessageStatus | None:
    """Return the status with this name; `None` for all of them, also for an unknown name."""
    return MessageStatus(text) if text in STATUSES else None


def is_for_team(message: OutboxMessage) -> bool:
    """Whether the message is sent to the team, not to the buyer."""
    return messages.is_for_team(message.kind)


def short_error(message: OutboxMessage) -> str:
    """Return the last line of the last error, which says what it is; empty without an error."""
    return last_line(message.last_error, _SHOWN_ERROR)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message as an operator sees it, with its preview, or why there is none."""

    view: MessageView
    preview: Preview | NoPreview
    language: Language

    @property
    def shown_preview(self) -> Preview | None:
        """The preview, if there is one."""
        return self.preview if isinstance(self.preview, Preview) else None

    @property
    def advice(self) -> str:
        """Return the name of the text that says what to do."""
        message = self.view.message
        match message.status:
            case MessageStatus.DEAD:
                if self.preview is NoPreview.NO_ADDRESS:
                    return "no_address"
                return "undeliverable" if self.view.reason == "undeliverable" else "not_sent"
            case MessageStatus.PENDING:
                return "retried" if message.last_error else "pending"
            case _:
                return str(message.status)

    @property
    def whole_error(self) -> str:
        """The last error with what led to it."""
        return (self.view.message.last_error or "")[-_WHOLE_ERROR:]

    def action(self, name: str) -> str:
        """Return the word for what an operator did; its stored name if there is none."""
        words: Mapping[str, str] = TEXTS[self.language]["messages"]["actions"]
        return words.get(name, name)

    def actor(self, actor: str) -> str:
        """Return who acted, as the team knows them."""
        return actors.name_of(actor, self.view.operators, self.language)
