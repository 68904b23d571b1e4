"""Whole rows as objects of the session, read by statements that are sent together.

The session's own loading takes ten times as long for a row whose columns are known.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column
from sqlalchemy.orm import DeclarativeBase, make_transient_to_detached
from sqlalchemy.orm.util import identity_key

from lumira.database import db
from lumira.prepared_statements import Row
from lumira.repositories.rows import columns_of

Model = TypeVar("Model", bound=DeclarativeBase)
_Attribute = tuple[str, Callable[[Any], Any] | None]


def all_columns(model: type[DeclarativeBase]) -> list[Column[Any]]:
    """Return the columns to be selected for `as_object`."""
    return [column for _, column in columns_of(model)]


def as_object(model: type[Model], row: Row) -> Model | None:
    """Return the session's object of a row with all columns of the model; `None` if an outer join found none.

    An object that the session has is returned as it is, as by any query.
    """
    attributes, key_names = _attributes_of(model), _key_names_of(model)
    values = {
        name: value if convert is None else convert(value)
        for (name, convert), value in zip(attributes, row, strict=True)
    }
    key = tuple(values[name] for name in key_names)
    if None in key:
        return None
    known: Model | None = db.session.identity_map.get(identity_key(model, key))
    if known is not None:
        return known
    found = model()
    found.__dict__.update(values)
    make_transient_to_detached(found)
    db.session.add(found)
    return found


@cache
def _key_names_of(model: type[DeclarativeBase]) -> tuple[str, ...]:
    return tuple(name for name, column in columns_of(model) if column.primary_key)


@cache
def _attributes_of(model: type[DeclarativeBase]) -> tuple[_Attribute, ...]:
    """Return the name of each attribute, and what makes of the driver's value the attribute's."""
    dialect = db.engine.dialect
    return tuple(
        (name, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for name, column in columns_of(model)
    )
