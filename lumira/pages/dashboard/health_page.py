"""What the page of the endpoint's health shows besides the figures themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lumira.models import Language
from lumira.pages.dashboard.chart import Chart, draw
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.events.view_health import EndpointHealth, Span

#: Milliseconds from which a duration is shown in seconds, and seconds from which in minutes, and so on.
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))
_DIGITS_BELOW = 10
#: An event that has waited so long to be processed shows that the worker is stopped or overloaded.
_LATE = timedelta(minutes=5)
#: An event that was fetched so long ago says nothing about the endpoint now.
_LATELY = timedelta(days=1)


def span_of(text: str) -> Span:
    """Return the span with this name; the hours for any other text."""
    return Span(text) if text in list(Span) else Span.HOURS


@dataclass(frozen=True, slots=True)
class HealthPage:
    """The health of the endpoint as an operator sees it."""

    health: EndpointHealth
    span: Span
    zone: ZoneInfo
    language: Language
    now: datetime

    @property
    def received(self) -> Chart[datetime]:
        """How many events arrived in each day or hour."""
        return draw([(each.at, each.received, each.received) for each in self.health.figures])

    @property
    def took(self) -> Chart[datetime]:
        """How long events took in each day or hour: at most, and half of them."""
        return draw(
            [
                (each.at, each.took.high if each.took else 0, each.took.median if each.took else 0)
                for each in self.health.figures
            ]
        )

    @property
    def advice(self) -> str:
        """Return the name of the text that says how the endpoint is, the worst first."""
        health = self.health
        if health.longest_due is not None and self.now - health.longest_due > _LATE:
            return "late"
        # Anyone can send a request without a signature: it is a fault of the endpoint only if nothing else arrives.
        refused = max((each.last_at for each in health.refused), default=None)
        delivered = health.deliveries.last_delivered_at
        if refused is not None and (delivered is None or delivered < refused):
            return "refused"
        if not health.deliveries.looked_at:
            return "nothing"
        # In a quiet shop, an event of months ago is among the newest.
        recovered = health.deliveries.last_recovered_at
        return "recovered" if recovered is not None and self.now - recovered < _LATELY else "well"

    def label(self, at: datetime) -> str:
        """Write a day or an hour for a chart and its table: `27/11`, `23 h`."""
        local = at.astimezone(self.zone)
        words = TEXTS[self.language]["health"]
        return f"{local:%d/%m}" if self.span is Span.DAYS else str(words["hour"]).format(local.hour)

    def duration(self, milliseconds: int) -> str:
        """Write a duration: `350 ms`, `1.2 s`, `3 min`."""
        size, unit = next((each for each in _UNITS if milliseconds >= each[0]), _UNITS[-1])
        number = milliseconds / size
        is_whole = number >= _DIGITS_BELOW or size == 1
        written = f"{number:.0f}" if is_whole else f"{number:.1f}"
        if self.language is Language.FRENCH:
            written = written.replace(".", ",")
        return (
            f"{written}\N{NO-BREAK SPACE}{unit if unit != 'd' or self.language is Language.ENGLISH else 'j'}"
        )
