"""The rules of groups: which options a variant has, how it is named, and which variant a choice leads to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lumira.models.product_group import MAX_OPTIONS

__all__ = ["MAX_OPTIONS", "Choice", "Options"]

#: Characters of a product's name.
NAME_LENGTH = 200
#: Stands between the parts of a variant's name.
_SEPARATOR = ", "

#: An option of a group as it is stored: its `name`, and its `values` in the order in which buyers read them.
Options = Sequence[Mapping[str, Any]]
#: The value of each option, by its name.
Choice = Mapping[str, str]


class Variant(Protocol):
    """A product of a group."""

    @property
    def id(self) -> str: ...

    @property
    def options(self) -> Any: ...


V = TypeVar("V", bound=Variant)


@dataclass(frozen=True, slots=True)
class OptionProblem:
    """Why a variant does not fit its group, for the author of a catalog file."""

    option: str
    sentence: str


def as_stored(options: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return the values by option, as a catalog file has them, as a group stores them: in their order."""
    return [{"name": name, "values": list(values)} for name, values in options.items()]


def ordered(options: Options, choice: Choice) -> dict[str, str]:
    """Return a choice with the options in the order of the group; JSON in the database has no order."""
    return {option["name"]: choice[option["name"]] for option in options if option["name"] in choice}


def name_of(group_name: str, options: Options, choice: Choice) -> str:
    """Return the name of a variant that has none of its own, such as `T-shirt, M, blue`.

    It is what orders freeze, so that each document and message says which variant was bought.
    """
    return _SEPARATOR.join((group_name, *ordered(options, choice).values()))


def problems_of(options: Options, choice: Choice) -> list[OptionProblem]:
    """Return why a choice fits no variant of a group: a missing option, an unknown one, or an unknown value."""
    values = {option["name"]: option["values"] for option in options}
    names = ", ".join(values)
    problems = [
        OptionProblem(name, f"The group has no such option: {names}.")
        for name in choice
        if name not in values
    ]
    for name, known in values.items():
        if name not in choice:
            problems.append(OptionProblem(name, f"Is missing: one of {', '.join(known)}."))
        elif choice[name] not in known:
            problems.append(OptionProblem(name, f"Must be one of: {', '.join(known)}."))
    return problems


def fits(options: Options, choice: Choice) -> bool:
    """Whether a choice has one value of each option of the group."""
    return not problems_of(options, choice)


def in_one_line(options: Options) -> str:
    """Return the options of a group with their values, such as `size: S, M, L; colour: blue`."""
    return "; ".join(f"{option['name']}: {', '.join(option['values'])}" for option in options)


def choice_in_one_line(choice: Choice | None) -> str | None:
    """Return the options of a variant, such as `colour: blue; size: M`; `None` if it has none."""
    return "; ".join(f"{name}: {value}" for name, value in sorted((choice or {}).items())) or None


def nearest(choice: Choice, variants: Iterable[V]) -> V | None:
    """Return the variant that has the most values of this choice, the first of several; `None` if there is none."""
    return max(variants, key=lambda variant: _equal_values(choice, variant.options or {}), default=None)


def _equal_values(one: Choice, other: Choice) -> int:
    return sum(other.get(name) == value for name, value in one.items())
