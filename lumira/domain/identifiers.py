"""Who is named in a text or a payload: addresses as people write them, and Stripe's ids of customers and payments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import idna

from lumira.models import email_key

_CUSTOMER, _PAYMENT = re.compile(r"\bcus_\w+"), re.compile(r"\bpi_[A-Za-z0-9]+")
#: What stands before an @ as far back as it may be a part of the address. More than 64 characters never are.
_BEFORE, _LONGEST_BEFORE = re.compile(r"[^\s<>\"\\,;:()\[\]@]*\Z"), 80
_DOMAIN, _LONGEST_DOMAIN = re.compile(r"(?:[^\W_]|[.-])*"), 255
#: An address may begin after each of these, and hardly any holds one: `email=…`, `…/u/…`, `|…|`.
_CUTS = re.compile(r"[=/|]")
#: An address may begin after each of these too, but may as well hold it: `d'ana@…` and `o'brien@…`.
_PERHAPS_CUTS = re.compile(r"[=/|'!#$%&*?^`{}~]")
#: What an address is put between, and does not begin with.
_AROUND, _PERHAPS_AROUND = "'.!*", "'.!*#$%&+-/=?^_`{|}~"
_LONGEST_ADDRESS = 320


def spellings(name: str) -> set[str]:
    """An address or id as it may be written: the domain in its own letters and in ASCII, accents in one piece."""
    composed = normalize("NFC", name)
    local, at, domain = composed.rpartition("@")
    found = {name, composed}
    if at and (not domain.isascii() or "xn--" in domain):
        # What is no domain has one spelling.
        with suppress(UnicodeError):
            found.add(f"{local}@{idna.encode(domain, uts46=True).decode()}")
            found.add(f"{local}@{idna.decode(domain, uts46=True)}")
    return found


def names_in(texts: Iterable[str], *, doubtful: bool = True) -> set[str]:
    """Every address, in all its spellings, and every id of a customer or payment that stands in these texts.

    What may be a part of an address as well as all of it is taken for both; not so where doubts are left out.
    """
    return {name for text in texts for name in _names(text, doubtful=doubtful)}


def _names(text: str, *, doubtful: bool) -> Iterator[str]:
    yield from _CUSTOMER.findall(text)
    yield from _PAYMENT.findall(text)
    for written in {text, unquote(text)}:
        for address in _addresses(normalize("NFC", written), doubtful=doubtful):
            yield from spellings(email_key(address))


def _addresses(text: str, *, doubtful: bool) -> Iterator[str]:
    if "@" in text and len(text) <= _LONGEST_ADDRESS:
        yield text
    for at in re.finditer("@", text):
        domain = _DOMAIN.match(text[at.end() : at.end() + _LONGEST_DOMAIN])
        before = _BEFORE.search(text[max(0, at.start() - _LONGEST_BEFORE) : at.start()])
        if domain is not None and before is not None:
            for local in _locals(before[0], doubtful=doubtful):
                yield f"{local}@{domain[0].strip('.-')}"


def _locals(run: str, *, doubtful: bool) -> Iterator[str]:
    """What may stand before the @: the whole run, and what is left of it after each mark that may end a word."""
    cuts, around = (_PERHAPS_CUTS, _PERHAPS_AROUND) if doubtful else (_CUTS, _AROUND)
    for start in [0, *(mark.end() for mark in cuts.finditer(run))]:
        yield run[start:]
        yield run[start:].lstrip(around)


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a payload, names of fields included: metadata may be called anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)


def customers_in(value: Any) -> Iterator[str]:
    """Ids of the customers at Stripe that objects in a payload, or in what Stripe was asked, are said to be of."""
    if isinstance(value, Mapping):
        of = value.get("customer")
        identifier = of.get("id") if isinstance(of, Mapping) else of
        if isinstance(identifier, str) and _CUSTOMER.fullmatch(identifier):
            yield identifier
        for each in value.values():
            yield from customers_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from customers_in(each)
