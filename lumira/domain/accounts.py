"""The accounts of the accounting export: a default for each role, and what a tenant has set instead.

Numbers are those of the French chart of accounts (plan comptable général). Makes no query and changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from lumira.errors import SirenMissing
from lumira.models import Tenant


class Role(StrEnum):
    """What an amount of an entry is, whatever account a shop books it on."""

    CUSTOMER = "customer"
    GOODS = "goods"
    SERVICES = "services"
    POSTAGE = "postage"
    STRIPE = "stripe"
    FEES = "fees"
    #: The VAT in Stripe's fees, if Stripe charges any.
    FEES_VAT = "fees_vat"
    #: What banks took back from buyers' payments, until it is won back.
    DISPUTES = "disputes"
    #: Payouts between the day on which Stripe sends them and the day on which they arrive.
    TRANSIT = "transit"
    BANK = "bank"
    #: What is of no order of the shop and no fee: an accountant has to decide.
    SUSPENSE = "suspense"


#: Roles of VAT are this and the rate in percent, such as `vat:20.00`.
VAT = "vat:"

#: The number and the name of each role's account; the files are written for French accountants.
DEFAULTS: Mapping[Role, tuple[str, str]] = {
    Role.CUSTOMER: ("411000", "Clients"),
    Role.GOODS: ("707000", "Ventes de marchandises"),
    Role.SERVICES: ("706000", "Prestations de services"),
    Role.POSTAGE: ("708500", "Ports et frais accessoires facturés"),
    Role.STRIPE: ("517000", "Stripe"),
    Role.FEES: ("627800", "Commissions Stripe"),
    Role.FEES_VAT: ("445660", "TVA déductible sur services"),
    Role.DISPUTES: ("654000", "Pertes sur litiges bancaires"),
    Role.TRANSIT: ("580000", "Virements internes"),
    Role.BANK: ("512000", "Banque"),
    Role.SUSPENSE: ("471000", "Compte d'attente Stripe"),
}
#: The accounts of collected VAT at the rates of mainland France; another rate has the last one.
_VAT_ACCOUNTS = {"20.00": "445711", "10.00": "445712", "5.50": "445713", "2.10": "445714"}
_OTHER_VAT_ACCOUNT = "445710"
#: `FR`, two characters, and the SIREN.
_FRENCH_VAT_NUMBER = re.compile(r"FR[0-9A-Z]{2}([0-9]{9})")


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one shop."""

    #: `None` if neither the settings nor the seller's VAT number names it.
    siren: str | None
    #: The country of the seller, ISO 3166-1.
    country: str = "FR"
    #: Whether other shops sell with the same Stripe account: then only what is of the shop's own orders is booked.
    is_account_shared: bool = False
    #: Whether the seller charges VAT, and so deducts it.
    has_vat: bool = True
    numbers: Mapping[str, str] = field(default_factory=dict)
    vat_numbers: Mapping[str, str] = field(default_factory=dict)

    def account_of(self, role: str) -> tuple[str, str]:
        """Return the number and the name of a role's account."""
        if role.startswith(VAT):
            return self._vat_account(role.removeprefix(VAT))
        number, name = DEFAULTS[Role(role)]
        return self.numbers.get(role, number), name

    def _vat_account(self, rate: str) -> tuple[str, str]:
        number = self.vat_numbers.get(rate) or _VAT_ACCOUNTS.get(rate, _OTHER_VAT_ACCOUNT)
        return number, f"TVA collectée {Decimal(rate).normalize():f} %".replace(".", ",")

    def require_siren(self) -> str:
        """Return the SIREN; raises `SirenMissing` with what to set."""
        if self.siren is None:
            raise SirenMissing(
                "The name of the FEC needs the seller's SIREN: set vat_number in [tenant.seller], or siren in "
                "[tenant.accounting] of the catalog file, and apply it with `flask catalog apply`."
            )
        return self.siren


def accounts_of(tenant: Tenant) -> Accounts:
    """Return the accounts of a tenant: those of its settings, and the defaults."""
    stored: Mapping[str, Any] = tenant.accounting or {}
    return Accounts(
        siren=stored.get("siren") or _siren_in((tenant.seller or {}).get("vat_number")),
        country=stored.get("country") or "FR",
        is_account_shared=bool(stored.get("shared_stripe_account")),
        has_vat=tenant.seller is None or tenant.seller.get("vat_rate") is not None,
        numbers=stored.get("accounts") or {},
        vat_numbers=stored.get("vat_accounts") or {},
    )


def _siren_in(vat_number: str | None) -> str | None:
    """Return the SIREN, which a French VAT number ends with."""
    found = _FRENCH_VAT_NUMBER.fullmatch(vat_number or "")
    return found[1] if found else None
