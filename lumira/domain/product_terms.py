"""The terms of a product that an operator may change, and how they differ from those of the catalog file."""

from dataclasses import dataclass
from typing import Any

from lumira.models import PartialRefundPolicy, Product

#: The values that an operator may change, in the order in which they are shown. The id, kind and level number are what
#: sales and buyers' access refer to.
EDITABLE = (
    "name",
    "description",
    "amount",
    "on_partial_refund",
    "restock_on_refund",
    "delayed_methods",
    "access_days",
    "includes_lower_levels",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of the catalog file, and the one that counts."""

    name: str
    of_file: Any
    here: Any


def terms_of(described: Any, *, active: bool) -> dict[str, Any]:
    """Return the editable terms of a product or of its description, as they can be stored in JSON."""
    return {name: getattr(described, name) for name in EDITABLE} | {"active": active}


def differences_from_file(product: Product) -> tuple[Difference, ...]:
    """Return what differs from the file that was applied last; nothing if no file has described the product."""
    of_file = dict(product.file_values or {})
    if "on_partial_refund" in of_file:
        of_file["on_partial_refund"] = PartialRefundPolicy(of_file["on_partial_refund"])
    return tuple(
        Difference(name, of_file[name], getattr(product, name))
        for name in (*EDITABLE, "active")
        # A term that is newer than the last file is in none of its values.
        if name in of_file and of_file[name] != getattr(product, name)
    )
