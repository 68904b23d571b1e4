"""The forms of a product: a new one, and the values of an existing one, by the rules of the catalog file."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

from flask import request

from lumira.domain.charge_limits import smallest_charge
from lumira.domain.product_groups import MAX_OPTIONS, name_of
from lumira.domain.product_ids import id_from_name
from lumira.domain.product_terms import EDITABLE
from lumira.errors.catalog import CatalogError
from lumira.money import parse_amount, plain_amount
from lumira.repositories.catalog.catalog_products import CatalogProduct
from lumira.schemas.catalog_file import parse_product
from lumira.services.catalog.catalog import product_of
from lumira.services.catalog.view_groups import ProductGroup
from lumira.services.catalog.view_products import Product, ProductKind

_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_BREAKS = re.compile(r" *[\r\n]+ *")
#: More characters than any field of the file may have.
_LONGEST = 2000
_TEXTS = ("name", "id", "description", "amount", "level", "stock", "access_days", "on_partial_refund")
_BOXES = ("active", "delayed_methods", "restock_on_refund", "includes_lower_levels")
#: Which fields a kind of product has besides those of all.
_OF_KIND = {
    ProductKind.LEVEL: ("level", "access_days", "on_partial_refund", "includes_lower_levels"),
    ProductKind.DIGITAL: ("access_days", "on_partial_refund"),
    ProductKind.PHYSICAL: ("stock", "restock_on_refund"),
}
_OPTIONS = tuple(f"option_{number}" for number in range(MAX_OPTIONS))
_OF_ALL = ("name", "id", "description", "amount", "active", "delayed_methods")


@dataclass
class ProductForm:
    """What is written in the form, and the names of the fields that are wrong, each with the key of a text."""

    kind: ProductKind
    currency: str
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    #: What the texts of the errors name.
    details: dict[str, str] = field(default_factory=dict)
    #: The time of the change that the operator saw, of an existing product.
    seen: str = ""
    #: The group of which the product becomes a variant.
    group: ProductGroup | None = None

    @classmethod
    def empty(cls, kind: ProductKind, currency: str, group: ProductGroup | None) -> Self:
        """The form of a new product, with the defaults of the catalog file."""
        values = dict.fromkeys((*_TEXTS, *_BOXES, *_OPTIONS), "")
        values |= {"on_partial_refund": "keep", "stock": "0" if kind is ProductKind.PHYSICAL else ""}
        values |= {"delayed_methods": "yes", "restock_on_refund": "yes"}
        return cls(kind, currency, values, group=group)

    @classmethod
    def of(cls, product: Product, *, comma: bool) -> Self:
        """The form with the values of a product; `comma` if the language writes decimals with a comma."""
        texts = {
            "name": product.name,
            "id": product.id,
            "description": product.description,
            "amount": plain_amount(product.amount, product.currency, comma=comma),
            "level": str(product.level_number or ""),
            "stock": "",
            "access_days": str(product.access_days or ""),
            "on_partial_refund": str(product.on_partial_refund),
        }
        boxes = {name: "yes" if getattr(product, name) else "" for name in _BOXES}
        return cls(product.kind, product.currency, texts | boxes, seen=product.updated_at.isoformat())

    @classmethod
    def sent(cls, kind: ProductKind, currency: str, group: ProductGroup | None = None) -> Self:
        """The form as the request has it."""
        names = (*_TEXTS, *_BOXES, *_OPTIONS)
        # One line each: a browser sends the line breaks of a longer text.
        values = {name: _BREAKS.sub(" ", request.form.get(name, "")[:_LONGEST]).strip() for name in names}
        return cls(kind, currency, values, seen=request.form.get("seen", "")[:100], group=group)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that this kind of product has."""
        return (*_OF_ALL, *_OF_KIND[self.kind])

    @property
    def least(self) -> int:
        """The smallest price that is not free, in minor units."""
        return smallest_charge(self.currency)

    @property
    def is_active(self) -> bool:
        return bool(self.values["active"])

    @property
    def choice(self) -> dict[str, str]:
        """The value that is chosen of each option of the group."""
        options = self.group.options if self.group else ()
        return {option["name"]: self.values[name] for name, option in zip(_OPTIONS, options, strict=False)}

    def read(self, *, existing: Product | None = None) -> CatalogProduct | None:
        """Return what the form describes, or `None` with `errors` if the rules of the catalog file refuse it.

        The id and level number of an existing product are its own, whatever the form has. The id of a new one is made
        from its name if none is written.
        """
        table = self._table() | self._of_group()
        if existing is not None:
            table |= {"id": existing.id}
            table |= {} if existing.level_number is None else {"level": existing.level_number}
        elif not table["id"]:
            table["id"] = id_from_name(table["name"])
        try:
            described = product_of(parse_product(table, self.currency))
        except CatalogError as error:
            self.errors |= {name: name for name in error.fields or {}}
            if "name" in self.errors and not self.values["id"]:
                # The id follows from the name.
                self.errors.pop("id", None)
            return None
        if self.group is not None:
            described = replace(described, group_id=self.group.id, options=self.choice)
        if self.errors:
            return None
        if existing is None:
            return described
        return replace(
            described, **{name: getattr(existing, name) for name in EDITABLE if name not in self.fields}
        )

    def _of_group(self) -> dict[str, Any]:
        """The name and description that a variant has from its group, unless it has its own."""
        if self.group is None:
            return {}
        for name, option in zip(_OPTIONS, self.group.options, strict=False):
            if self.values[name] not in option["values"]:
                self.errors[name] = "option"
        return {
            "name": self.values["name"] or name_of(self.group.name, self.group.options, self.choice),
            "description": self.values["description"] or self.group.description,
        }

    def _table(self) -> dict[str, Any]:
        """The product as a table of the catalog file; what is not a number stays text, which the schema refuses."""
        table: dict[str, Any] = {"kind": str(self.kind)}
        for name in self.fields:
            if name in _BOXES:
                table[name] = bool(self.values[name])
            elif name in ("level", "stock", "access_days"):
                table |= _number(name, self.values[name])
            else:
                table[name] = self.values[name]
        del table["active"]
        with suppress(ValueError):
            table["amount"] = parse_amount(self.values["amount"][:40], self.currency)
        return table


def _number(name: str, text: str) -> dict[str, Any]:
    """The entry of the table; none if nothing is written."""
    if not text:
        return {}
    return {name: int(text) if _WHOLE.fullmatch(text) else text}
