"""`[[product_groups]]` of a catalog file: products that differ in options, such as size and colour."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from lumira.domain.product_groups import MAX_OPTIONS, NAME_LENGTH, as_stored, name_of, problems_of
from lumira.schemas.catalog_fields import Line, Table
from lumira.schemas.catalog_product import ProductTable, check_catalog_name

#: Values of one option.
MAX_VALUES = 50
#: Characters of an option's name and of a value.
OPTION_LENGTH = 40
#: Separates values in a form if one of them has a comma, such as `0,5 l`.
VALUE_SEPARATOR = ";"


class OptionName(Line):
    """The name of an option, composed: the same accents are the same characters, wherever the name was typed."""

    def __init__(self) -> None:
        super().__init__(max_length=OPTION_LENGTH)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        composed = unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        return super()._deserialize(composed, attr, data, **options)


class OptionValue(OptionName):
    """A value of an option; a whole number, such as the size 38, is its digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        text = super()._deserialize(str(value) if is_number else value, attr, data, **options)
        if VALUE_SEPARATOR in text:
            raise ValidationError("Must have no semicolon: it separates values.")
        return text


def _check_values(values: list[str]) -> None:
    if not 1 <= len(values) <= MAX_VALUES:
        raise ValidationError(f"Must have between 1 and {MAX_VALUES} values.")
    _check_distinct(values)


def _check_options(options: dict[str, list[str]]) -> None:
    if not 1 <= len(options) <= MAX_OPTIONS:
        raise ValidationError(f"Must have between 1 and {MAX_OPTIONS} options.")
    _check_distinct(options)


def _check_distinct(names: Iterable[str]) -> None:
    """Refuse what buyers would take for the same."""
    counts = Counter(map(_as_read, names))
    double = next((name for name in names if counts[_as_read(name)] > 1), None)
    if double is not None:
        raise ValidationError(f"Two of them are {double}.")


def _as_read(name: str) -> str:
    """The name without capitals, invisible characters, and other forms of the same letter or space."""
    visible = "".join(each for each in name if unicodedata.category(each) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).casefold().split())


class GroupTable(Table):
    """`[[product_groups]]`: what its variants have in common, and the options in which they differ."""

    id = fields.String(required=True, validate=check_catalog_name)
    name = Line(required=True, max_length=NAME_LENGTH)
    description = Line(max_length=500, may_be_empty=True, load_default="")
    #: The values of each option, both in the order in which buyers read them.
    options = fields.Dict(
        keys=OptionName(),
        values=fields.List(OptionValue(), validate=_check_values),
        required=True,
        validate=_check_options,
    )


class VariantTable(ProductTable):
    """`[[products]]`: a product that may be a variant of a group, and then needs no name of its own."""

    name = Line(max_length=NAME_LENGTH, load_default=None)
    description = Line(max_length=500, may_be_empty=True, load_default=None)
    group = fields.String(load_default=None, validate=check_catalog_name)
    options = fields.Dict(keys=OptionName(), values=OptionValue(), load_default=None)


def group_errors(groups: Sequence[dict[str, Any]], products: Sequence[dict[str, Any]]) -> dict[int, Any]:
    """Return what is wrong with the groups, by index: an id that two have, and a group without products."""
    errors: dict[int, Any] = {}
    ids: dict[str, int] = {}
    for index, group in enumerate(groups):
        first = ids.setdefault(group["id"], index)
        if first != index:
            errors[index] = {"id": [f"product_groups[{first}] has the same one."]}
        elif not any(product["group"] == group["id"] for product in products):
            errors[index] = {"id": [f'No product has it: add group = "{group["id"]}" to its products.']}
    return errors


def variant_errors(groups: Sequence[dict[str, Any]], products: Sequence[dict[str, Any]]) -> dict[int, Any]:
    """Return what is wrong with the groups and options of the products, by index."""
    by_id = {group["id"]: group for group in groups}
    firsts: dict[tuple[str, frozenset[tuple[str, str]]], int] = {}
    errors: dict[int, Any] = {}
    for index, product in enumerate(products):
        messages = _errors_of(product, by_id)
        if not messages and product["group"] is not None:
            combination = (product["group"], frozenset(product["options"].items()))
            first = firsts.setdefault(combination, index)
            if first != index:
                messages["options"] = [f"products[{first}] of the group has the same ones."]
        if messages:
            errors[index] = messages
    return errors


def _errors_of(product: dict[str, Any], groups: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if product["group"] is None:
        errors = {} if product["options"] is None else {"options": ["Only a product of a group has options."]}
        return (
            errors if product["name"] is not None else errors | {"name": ["Missing data for required field."]}
        )
    if product["kind"] == "level":
        return {"group": ["A level is in no group: only digital products and goods have variants."]}
    group = groups.get(product["group"])
    if group is None:
        return {"group": [f'No group has this id: add [[product_groups]] with id = "{product["group"]}".']}
    choice = product["options"] or {}
    problems = {
        problem.option: [problem.sentence] for problem in problems_of(as_stored(group["options"]), choice)
    }
    if problems:
        return {"options": problems}
    name = product["name"] or name_of(group["name"], as_stored(group["options"]), choice)
    if len(name) > NAME_LENGTH:
        return {"name": [f"Is {name!r} with its options, {len(name)} characters: {NAME_LENGTH} at most."]}
    return {}


def complete(groups: Sequence[dict[str, Any]], products: Sequence[dict[str, Any]]) -> None:
    """Give each valid variant the name and description that it has from its group, unless it has its own."""
    by_id = {group["id"]: group for group in groups}
    for product in products:
        if product["group"] is not None:
            group = by_id[product["group"]]
            if product["name"] is None:
                product["name"] = name_of(group["name"], as_stored(group["options"]), product["options"])
            if product["description"] is None:
                product["description"] = group["description"]
        product["description"] = product["description"] or ""
