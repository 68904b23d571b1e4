"""The form of a group of products: its name, and the values of each option, separated by commas or semicolons."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from flask import request

from lumira.domain.product_groups import MAX_OPTIONS
from lumira.domain.product_ids import id_from_name
from lumira.errors.catalog import CatalogError
from lumira.repositories.catalog.product_groups import CatalogGroup
from lumira.schemas.catalog_file import parse_group
from lumira.schemas.catalog_group import VALUE_SEPARATOR
from lumira.services.catalog.catalog import group_of
from lumira.services.catalog.view_groups import ProductGroup

_BREAKS = re.compile(r" *[\r\n]+ *")
#: More characters than any field of the file may have, and than all values of an option.
_LONGEST = 4000
_TEXTS = ("name", "id", "description")


@dataclass
class GroupForm:
    """What is written in the form, and the names of the fields that are wrong, each with the key of a text."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    #: What the texts of the errors name.
    details: dict[str, str] = field(default_factory=dict)
    #: The time of the change that the operator saw, of an existing group.
    seen: str = ""

    @classmethod
    def empty(cls) -> Self:
        """The form of a new group."""
        return cls(dict.fromkeys(_names(), ""))

    @classmethod
    def of(cls, group: ProductGroup) -> Self:
        """The form with the values of a group."""
        values = dict.fromkeys(_names(), "") | {
            "name": group.name,
            "id": group.id,
            "description": group.description,
        }
        for number, option in enumerate(group.options):
            values |= {
                f"option_name_{number}": option["name"],
                f"option_values_{number}": _joined(option["values"]),
            }
        return cls(values, seen=group.updated_at.isoformat())

    @classmethod
    def sent(cls) -> Self:
        """The form as the request has it."""
        values = {name: _BREAKS.sub(" ", request.form.get(name, "")[:_LONGEST]).strip() for name in _names()}
        return cls(values, seen=request.form.get("seen", "")[:100])

    @property
    def numbers(self) -> range:
        """The numbers of the options, from 0."""
        return range(MAX_OPTIONS)

    def read(self, *, existing: ProductGroup | None = None) -> CatalogGroup | None:
        """Return what the form describes, or `None` with `errors` if the rules of the catalog file refuse it."""
        table: dict[str, Any] = {name: self.values[name] for name in _TEXTS}
        if existing is not None:
            table["id"] = existing.id
        elif not table["id"]:
            table["id"] = id_from_name(self.values["name"])
        options: dict[str, list[str]] = {}
        for number in self.numbers:
            name, listed = self.values[f"option_name_{number}"], self.values[f"option_values_{number}"]
            if not name and not listed:
                continue
            if not name or not listed or name in options:
                self.errors[f"option_{number}"] = "option"
            options[name] = _separated(listed)
        try:
            described = group_of(parse_group(table | {"options": options}))
        except CatalogError as error:
            self._note(error, list(options))
            return None
        return None if self.errors else described

    def _note(self, error: CatalogError, names: list[str]) -> None:
        for path in error.fields or {}:
            name, _, rest = path.partition(".")
            if name != "options":
                self.errors[name] = name
                continue
            number = next((index for index, option in enumerate(names) if rest.startswith(option)), 0)
            self.errors[f"option_{number}"] = "option"
        if "name" in self.errors and not self.values["id"]:
            # The id follows from the name.
            self.errors.pop("id", None)


def _joined(values: Sequence[str]) -> str:
    """The values as the form shows them; with a comma in one of them, a semicolon is behind each."""
    if any("," in value for value in values):
        return " ".join(f"{value}{VALUE_SEPARATOR}" for value in values)
    return ", ".join(values)


def _separated(listed: str) -> list[str]:
    separator = VALUE_SEPARATOR if VALUE_SEPARATOR in listed else ","
    return [value for part in listed.split(separator) if (value := part.strip())]


def _names() -> tuple[str, ...]:
    numbered = [(f"option_name_{number}", f"option_values_{number}") for number in range(MAX_OPTIONS)]
    return (*_TEXTS, *(name for pair in numbered for name in pair))
