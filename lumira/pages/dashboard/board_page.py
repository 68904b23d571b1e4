"""What the board shows: a row for each figure, with whether it needs a look, and the chart of the last day's events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lumira.models import Language
from lumira.pages.dashboard.health_page import HealthPage
from lumira.pages.dashboard.texts import TEXTS
from lumira.pages.rendering import format_size
from lumira.repositories.tenants.overview import MOST_COUNTED
from lumira.services.events.view_health import Span
from lumira.services.installation.view_board import LATE_AFTER, Board

#: Refused deliveries of the last day are shown.
_REFUSED_WITHIN = timedelta(days=1)
#: Stripe's events are read once a minute: some attempts have failed.
_PULL_LATE_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its name among the texts, its text, whether it needs a look, and the page that shows more."""

    name: str
    value: str
    is_bad: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The board as an operator sees it."""

    board: Board
    zone: ZoneInfo
    language: Language
    path: str

    @property
    def health(self) -> HealthPage:
        """The chart of the last 24 hours, and its table."""
        return HealthPage(self.board.health, Span.HOURS, self.zone, self.language, self.board.at)

    @property
    def is_well(self) -> bool:
        """Whether no figure needs a look."""
        return not any(row.is_bad for row in (*self.of_shop, *self.of_installation))

    @property
    def of_shop(self) -> list[Row]:
        """The figures of the shop, in the order in which a sale passes them."""
        work, health = self.board.backlog, self.board.health
        refused = sum(
            each.number for each in health.refused if each.last_at > self.board.at - _REFUSED_WITHIN
        )
        return [
            Row("alerts", self._count(work.alerts), work.alerts > 0, "/alerts"),
            Row(
                "oldest_event", self._age(health.longest_due), self._is_late(health.longest_due), "/webhooks"
            ),
            Row("received", self._count(work.events_received), is_bad=False, link="/webhooks?state=received"),
            Row("parked", self._count(work.events_parked), is_bad=False, link="/webhooks?state=parked"),
            Row("failed", self._count(work.events_failed), work.events_failed > 0, "/webhooks?state=failed"),
            Row("refused", str(refused), is_bad=False, link="/webhooks/health"),
            Row("pulled", self._age(self.board.pulled_until, absent="never"), self._is_pull_late()),
            Row("orders", self._count(work.orders_open), is_bad=False, link="/orders"),
            Row("polls", self._count(work.polls_late), work.polls_late > 0),
            Row("reservations", self._count(work.reservations_overdue), work.reservations_overdue > 0),
            Row("messages", self._count(work.messages_late), work.messages_late > 0, "/messages"),
            Row("dead", self._count(work.messages_dead), work.messages_dead > 0, "/messages?state=dead"),
        ]

    @property
    def of_installation(self) -> list[Row]:
        """The figures of the installation; none for those who may not know them."""
        state = self.board.installation
        if state is None:
            return []
        return [
            Row("workers", str(state.workers), state.workers == 0),
            Row("heartbeat", self._age(state.last_heartbeat_at), state.workers == 0),
            Row("jobs", str(state.jobs), self._is_late(state.oldest_job_at)),
            Row("oldest_job", self._age(state.oldest_job_at), self._is_late(state.oldest_job_at)),
            *self._disks(),
        ]

    def _disks(self) -> Iterator[Row]:
        for disk in self.board.installation.disks if self.board.installation else ():
            free, total = (format_size(size, self.language) for size in (disk.free, disk.total))
            yield Row("disk", self._words["disk_free"].format(free, total), disk.is_low)

    @property
    def _words(self) -> dict[str, Any]:
        words: dict[str, Any] = TEXTS[self.language]["board"]
        return words

    def _count(self, number: int) -> str:
        return str(self._words["more_than"]).format(MOST_COUNTED) if number > MOST_COUNTED else str(number)

    def _age(self, at: datetime | None, *, absent: str = "none") -> str:
        if at is None:
            return str(self._words[absent])
        age = max(self.board.at - at, timedelta())
        return str(self._words["ago"]).format(self.health.duration(round(age / timedelta(seconds=1)) * 1000))

    def _is_late(self, at: datetime | None) -> bool:
        return at is not None and self.board.at - at > LATE_AFTER

    def _is_pull_late(self) -> bool:
        until = self.board.pulled_until
        return until is not None and self.board.at - until > _PULL_LATE_AFTER
