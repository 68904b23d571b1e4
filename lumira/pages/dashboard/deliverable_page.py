"""What the pages of deliverables show besides the deliverables themselves."""

from dataclasses import dataclass

from lumira.models import Language
from lumira.pages.dashboard import actors
from lumira.services.files.view_queue import QueuePage, Work


@dataclass(frozen=True, slots=True)
class QueueView:
    """One page of the queue as an operator sees it."""

    found: QueuePage
    language: Language

    def actor(self, actor: str) -> str:
        """Return who works on a deliverable."""
        return actors.name_of(actor, self.found.operators, self.language)


@dataclass(frozen=True, slots=True)
class WorkView:
    """One deliverable as an operator sees it."""

    work: Work
    language: Language

    def actor(self, actor: str) -> str:
        """Return who works on it."""
        return actors.name_of(actor, self.work.operators, self.language)

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What the buyer or the shop wrote for this order: names and values."""
        return [(str(name), str(value)) for name, value in (self.work.order.caller_metadata or {}).items()]
