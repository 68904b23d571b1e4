"""Identifiers of people in texts and payloads: e-mail addresses, and Stripe's ids of customers and payments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import idna

from lumira.models import email_key

_CUSTOMER_ID, _PAYMENT_INTENT_ID = re.compile(r"\bcus_\w+"), re.compile(r"\bpi_[A-Za-z0-9]+")
#: The characters before an @ that may belong to the address. A local part has at most 64 characters (RFC 5321).
_BEFORE_AT, _MAX_BEFORE_AT = re.compile(r"[^\s<>\"\\,;:()\[\]@]*\Z"), 80
_DOMAIN, _MAX_DOMAIN = re.compile(r"(?:[^\W_]|[.\u3002-])*"), 255
#: Separates the labels of a domain too (IDNA), and ends sentences: what follows may not belong to the address.
_IDEOGRAPHIC_STOP = "\u3002"
#: Separators after which an address may begin, and which addresses hardly ever contain: `email=…`, `…/u/…`, `|…|`.
_SEPARATORS = re.compile(r"[=/|]")
#: Separators that may as well be part of an address: `d'ana@…` and `o'brien@…`.
_AMBIGUOUS_SEPARATORS = re.compile(r"[=/|'!#$%&*?^`{}~]")
#: Characters that may surround an address and do not begin one.
_QUOTES, _AMBIGUOUS_QUOTES = "'.!*", "'.!*#$%&+-/=?^_`{|}~"
_MAX_ADDRESS = 320


def spellings(identifier: str) -> set[str]:
    """Return the ways to write one address or id: the domain in Unicode and in ASCII, accents composed (NFC)."""
    composed = normalize("NFC", identifier)
    local, at, domain = composed.rpartition("@")
    written = {identifier, composed}
    if at and (not domain.isascii() or "xn--" in domain):
        # What is not a valid domain has one spelling.
        with suppress(UnicodeError):
            written.add(f"{local}@{idna.encode(domain, uts46=True).decode()}")
            written.add(f"{local}@{idna.decode(domain, uts46=True)}")
    return written


def identifiers_in(texts: Iterable[str], *, include_ambiguous: bool = True) -> set[str]:
    """Return every e-mail address, in all its spellings, and every customer or payment id in these texts.

    Where it is unclear where an address begins, `include_ambiguous` decides whether each possible address is
    returned, or only those that begin at a clear separator.
    """
    return {name for text in texts for name in _identifiers(text, include_ambiguous=include_ambiguous)}


def _identifiers(text: str, *, include_ambiguous: bool) -> Iterator[str]:
    yield from _CUSTOMER_ID.findall(text)
    yield from _PAYMENT_INTENT_ID.findall(text)
    for decoded in {text, unquote(text)}:
        for address in _addresses(normalize("NFC", decoded), include_ambiguous=include_ambiguous):
            yield from spellings(email_key(address))


def _addresses(text: str, *, include_ambiguous: bool) -> Iterator[str]:
    if "@" in text and len(text) <= _MAX_ADDRESS:
        yield text
    for at in re.finditer("@", text):
        domain = _DOMAIN.match(text[at.end() : at.end() + _MAX_DOMAIN])
        before = _BEFORE_AT.search(text[max(0, at.start() - _MAX_BEFORE_AT) : at.start()])
        if domain is not None and before is not None:
            domains = {domain[0], domain[0].partition(_IDEOGRAPHIC_STOP)[0]}
            for local in _local_parts(before[0], include_ambiguous=include_ambiguous):
                for possible in domains:
                    yield f"{local}@{possible.strip('.-' + _IDEOGRAPHIC_STOP)}"


def _local_parts(run: str, *, include_ambiguous: bool) -> Iterator[str]:
    """Yield the possible local parts: the whole run of characters before the @, and the rest after each separator."""
    separators, quotes = (
        (_AMBIGUOUS_SEPARATORS, _AMBIGUOUS_QUOTES) if include_ambiguous else (_SEPARATORS, _QUOTES)
    )
    for start in [0, *(separator.end() for separator in separators.finditer(run))]:
        yield run[start:]
        yield run[start:].lstrip(quotes)


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in a payload, field names included, because metadata keys are free text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def customer_ids_in(value: Any) -> Iterator[str]:
    """Yield Stripe's customer ids that the `customer` fields of a payload, or of request parameters, hold."""
    if isinstance(value, Mapping):
        customer = value.get("customer")
        customer_id = customer.get("id") if isinstance(customer, Mapping) else customer
        if isinstance(customer_id, str) and _CUSTOMER_ID.fullmatch(customer_id):
            yield customer_id
        for item in value.values():
            yield from customer_ids_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from customer_ids_in(item)
