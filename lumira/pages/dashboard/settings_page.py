"""The pages of the settings: what their forms show and send, and how the brand looks."""

import re
from dataclasses import dataclass
from typing import Any, Self

from lumira.countries import named
from lumira.domain.goods.shipping import Zone, zones_of
from lumira.models import Language, Tenant
from lumira.notifications.emails import support_address
from lumira.notifications.theme import Theme, contrast, theme_of

#: The settings of a form, by the catalog file's names.
BRAND = (
    "name",
    "brand_color",
    "brand_background",
    "brand_radius",
    "support_email",
    "alert_email",
    "shop_url",
)
SELLER = ("legal_name", "address", "registration", "vat_number", "vat_rate", "vat_note", "email")
#: The rules of sale, by group.
SALE_RULES = {
    "payment": ("payment_page", "email_required"),
    "terms": ("terms_version", "terms_url"),
    "withdrawal": ("withdrawal_policy", "withdrawal_days", "delivery_days", "refund_on_return"),
    "shipping": ("ship_within_days",),
    "fraud": ("on_fraud_warning",),
    "other": ("release_on_failure", "statement_descriptor_suffix", "time_zone"),
}
SALES = tuple(name for group in SALE_RULES.values() for name in group)
#: The rules that are switched on or off.
SALE_SWITCHES = ("email_required", "refund_on_return")
_DAYS = ("withdrawal_days", "delivery_days", "ship_within_days")
#: Of these the schema itself says that they are missing.
_ALWAYS_SENT = ("name", "legal_name", "address")


@dataclass(frozen=True, slots=True)
class BrandPreview:
    """The colours of pages and e-mails, and the contrast of the brand's colour on its background, 1 to 21."""

    name: str
    #: Where replies to e-mails arrive; `None` if buyers cannot reply.
    contact: str | None
    theme: Theme
    contrast: float

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """Return the preview of a tenant."""
        theme = theme_of(tenant)
        return cls(tenant.name, support_address(tenant), theme, contrast(theme.primary, theme.background))

    @classmethod
    def with_values(cls, values: dict[str, Any], tenant: Tenant) -> Self:
        """Return the preview of the tenant as it would be with the values of the form."""
        return cls.of(Tenant(**values, seller=tenant.seller))

    @property
    def is_readable(self) -> bool:
        """Whether the name is written in the brand's colour: the theme decides."""
        return self.theme.heading == self.theme.primary


def brand_values(tenant: Tenant) -> dict[str, str]:
    """Return the settings of the brand as its form shows them."""
    return {name: _shown(getattr(tenant, name)) for name in BRAND}


def brand_table(entered: dict[str, str]) -> dict[str, Any]:
    """Return the settings of the brand as a catalog file has them: an empty field is one that the file omits."""
    return _with_numbers(_without_empty(entered), ("brand_radius",))


def sale_values(tenant: Tenant) -> dict[str, str]:
    """Return the rules of sale as their form shows them; one that is switched on or off is `yes` or empty, as a box."""
    values = {name: getattr(tenant, name) for name in SALES}
    return {name: _shown(value) for name, value in values.items()} | {
        name: "yes" if values[name] else "" for name in SALE_SWITCHES
    }


def zones_shown(tenant: Tenant, language: Language) -> list[tuple[Zone, list[str]]]:
    """Return each shipping zone with the names of its countries."""
    return [(zone, [name for _, name in named(zone.countries, language)]) for zone in zones_of(tenant)]


def sale_table(entered: dict[str, str]) -> dict[str, Any]:
    """Return the rules of sale as a catalog file has them: an empty field is one that the file omits."""
    table = _with_numbers(_without_empty(entered), _DAYS)
    return table | {name: bool(entered[name]) for name in SALE_SWITCHES}


def seller_values(seller: dict[str, Any] | None) -> dict[str, str]:
    """Return the legal lines as their form shows them: the address one line below the other."""
    values = seller or {}
    return {name: _shown(values.get(name)) for name in SELLER}


def seller_table(entered: dict[str, str]) -> dict[str, Any]:
    """Return the legal lines as a catalog file has them."""
    table: dict[str, Any] = _without_empty(entered)
    table["address"] = [line.strip() for line in entered["address"].splitlines() if line.strip()]
    if "vat_rate" in table:
        # The decimal comma of France.
        table["vat_rate"] = table["vat_rate"].replace(",", ".")
    return table


def _with_numbers(table: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The table with numbers where digits are entered; the schema refuses other text."""
    numbers = {name: int(table[name]) for name in names if re.fullmatch("[0-9]{1,6}", table.get(name, ""))}
    return table | numbers


def _without_empty(entered: dict[str, str]) -> dict[str, Any]:
    return {name: text for name, text in entered.items() if text or name in _ALWAYS_SENT}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return "\n".join(value) if isinstance(value, list) else str(value)
