"""Reads a FEC as strictly as article A47 A-1 of the "livre des procédures fiscales" describes it."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

_COLUMNS = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum"),
    *("CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet"),
    *("ValidDate", "Montantdevise", "Idevise"),
)
_AMOUNT = re.compile(r"-?[0-9]+,[0-9]{2}")
#: Those that may not be empty.
_REQUIRED = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "PieceRef"),
    *("PieceDate", "EcritureLib", "Debit", "Credit", "ValidDate"),
)


@dataclass(frozen=True)
class Line:
    """One line of the file; amounts in cents."""

    journal: str
    number: str
    day: date
    account: str
    customer: str
    piece: str
    label: str
    debit: int
    credit: int
    foreign: str

    @property
    def amount(self) -> int:
        return self.debit - self.credit


def parse(content: bytes) -> list[Line]:
    """Return the lines; fails on the first thing that the article does not permit."""
    text = content.decode("iso8859-15")
    assert text.endswith("\r\n")
    heading, *rows = text[:-2].split("\r\n")
    assert tuple(heading.split("\t")) == _COLUMNS
    lines = [_line(row) for row in rows]
    by_entry: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        by_entry[line.journal, line.number].append(line)
    for key, entry in by_entry.items():
        assert sum(line.amount for line in entry) == 0, key
        assert len({line.day for line in entry}) == 1, key
    for journal in {line.journal for line in lines}:
        numbers = [int(number[-6:]) for name, number in by_entry if name == journal]
        assert numbers == sorted(numbers), "numbers follow the dates"
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no number is missing"
    return lines


def _line(row: str) -> Line:
    values = row.split("\t")
    assert len(values) == len(_COLUMNS), row
    named = dict(zip(_COLUMNS, values, strict=True))
    assert all(value == value.strip() and not re.search(r"[\n\r|]", value) for value in values), row
    assert all(named[name] for name in _REQUIRED), row
    for name in ("EcritureDate", "PieceDate", "ValidDate"):
        datetime.strptime(named[name], "%Y%m%d")  # noqa: DTZ007 - a day
    assert re.fullmatch("[0-9]{3}[0-9A-Z]*", named["CompteNum"]), row
    assert bool(named["CompAuxNum"]) == bool(named["CompAuxLib"]), row
    assert bool(named["Montantdevise"]) == bool(named["Idevise"]), row
    debit, credit = _cents(named["Debit"]), _cents(named["Credit"])
    assert (debit > 0) != (credit > 0), row
    return Line(
        named["JournalCode"],
        named["EcritureNum"],
        datetime.strptime(named["EcritureDate"], "%Y%m%d").date(),  # noqa: DTZ007 - a day
        named["CompteNum"],
        named["CompAuxNum"],
        named["PieceRef"],
        named["EcritureLib"],
        debit,
        credit,
        f"{named['Montantdevise']} {named['Idevise']}".strip(),
    )


def _cents(value: str) -> int:
    assert _AMOUNT.fullmatch(value), value
    return int(value.replace(",", ""))
