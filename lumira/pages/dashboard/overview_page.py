"""What the first page of a shop shows: totals, every day of the period, and the chart of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lumira.pages.dashboard.chart import Chart, draw
from lumira.repositories.tenants.overview import DayFigures
from lumira.services.orders.view_overview import Overview


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over days, in one currency; amounts in minor units."""

    currency: str
    opened: int
    paid: int
    sales: int
    refunded: int
    disputed: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the period, with the figures of each currency that has any."""

    day: date
    opened: int
    paid: int
    figures: tuple[DayFigures, ...]


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The overview as an operator sees it."""

    overview: Overview

    @property
    def today(self) -> list[Totals]:
        """The totals of today; empty if today is not in the period."""
        figures = [row for row in self.overview.days if row.day == self.overview.today]
        return self._totals(figures) if self._has(self.overview.today) else []

    @property
    def period(self) -> list[Totals]:
        """The totals of the period, the shop's own currency first."""
        return self._totals(self.overview.days)

    @property
    def days(self) -> list[Day]:
        """Every day of the period, the newest first."""
        return [self._day(day) for day in reversed(self._all_days())]

    @property
    def chart(self) -> Chart[date]:
        """Opened and paid orders by day, whatever their currency."""
        return draw([(day.day, day.opened, day.paid) for day in reversed(self.days)])

    def _totals(self, figures: Sequence[DayFigures]) -> list[Totals]:
        own = self.overview.tenant.currency
        currencies = sorted({own, *(row.currency for row in figures)}, key=lambda each: (each != own, each))
        return [self._total(currency, figures) for currency in currencies]

    @staticmethod
    def _total(currency: str, figures: Sequence[DayFigures]) -> Totals:
        rows = [row for row in figures if row.currency == currency]
        return Totals(
            currency,
            opened=sum(row.opened for row in rows),
            paid=sum(row.paid for row in rows),
            sales=sum(row.sales for row in rows),
            refunded=sum(row.refunded for row in rows),
            disputed=sum(row.disputed for row in rows),
        )

    def _has(self, day: date) -> bool:
        return self.overview.first_day <= day <= self.overview.last_day

    def _all_days(self) -> list[date]:
        first, last = self.overview.first_day, self.overview.last_day
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def _day(self, day: date) -> Day:
        figures = tuple(row for row in self.overview.days if row.day == day)
        return Day(day, sum(row.opened for row in figures), sum(row.paid for row in figures), figures)
