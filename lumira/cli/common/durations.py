"""Durations as options of commands."""

import re
from datetime import timedelta

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,5})([mhd])")


class Duration(click.ParamType[timedelta]):
    """A duration such as 30m, 12h or 3d, no longer than `longest`, for this reason."""

    name = "duration"

    def __init__(self, longest: timedelta, reason: str, *, may_be_none: bool = False) -> None:
        self._longest = longest
        self._reason = reason
        self._may_be_none = may_be_none

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        parts = _DURATION.fullmatch(value.strip())
        duration = timedelta(**{_UNITS[parts[2]]: int(parts[1])}) if parts else None
        if duration is None or not (duration or self._may_be_none):
            self.fail(f"{value!r} is not a duration such as 30m, 12h or 3d.", param, ctx)
        if duration > self._longest:
            self.fail(f"{value} is too long: {self._reason}.", param, ctx)
        return duration
