"""Numbers of payment cards: Lumira stores none, whoever enters them where."""

import re

#: The first digits and the lengths that the card schemes assign (ISO/IEC 7812): American Express, JCB, Mastercard,
#: Visa, Discover, UnionPay. Telephone numbers, barcodes and numbers of devices begin or end elsewhere.
_SCHEMES = re.compile(
    r"3[47]\d{13}|35\d{14}|5[1-5]\d{14}|2[2-7]\d{14}|4\d{15}(?:\d{3})?"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"
)
#: Those of Diners Club in the groups of the card only: a company's number (SIRET), which a buyer gives for an invoice,
#: has 14 digits and the same check digit.
_DINERS_CLUB = re.compile(r"3(?:0[0-5]|[689]\d)\d[ -]\d{6}[ -]\d{4}")
#: In groups, as a card shows them. A longer number, an identifier and a decimal fraction contain no card number.
#: The first digit comes before the look behind it: the search then skips all other characters at once.
_CANDIDATE = re.compile(r"[2-6](?<![\w.-][2-6])\d(?:[ -]?\d){12,17}(?![\w-]|\.\d)", re.ASCII)
_HIDDEN = re.compile(r"[2-6](?<![\w.-][2-6])(?:[ -]?0){13,18}(?!\d)", re.ASCII)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_SHORTEST = b"0" * 14


def contains_card_number(text: str) -> bool:
    """Return whether the text contains a number that only a payment card has."""
    return _may_contain(text) and any(_is_card_number(match[0]) for match in _CANDIDATE.finditer(text))


def hide_card_numbers(text: str) -> str:
    """Return the text with all digits of card numbers but the first replaced by 0, so that JSON remains valid."""
    return _CANDIDATE.sub(_hidden, text) if _may_contain(text) else text


def contains_hidden_number(text: str) -> bool:
    """Return whether a card number in the text was hidden: the text is not what was entered."""
    return _HIDDEN.search(text) is not None


def has_valid_check_digit(digits: str) -> bool:
    """Return whether the last digit fits the others (ISO/IEC 7812, Luhn)."""
    doubled = "".join(str(int(digit) * 2) for digit in digits[-2::-2])
    return sum(map(int, digits[-1::-2] + doubled)) % 10 == 0


def _may_contain(text: str) -> bool:
    # A tenth of the time that a search with the pattern takes: most texts have no such row of digits.
    return _SHORTEST in text.encode("utf-8", "surrogatepass").translate(_DIGITS, b" -")


def _is_card_number(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    is_of_scheme = _SCHEMES.fullmatch(digits) or _DINERS_CLUB.fullmatch(text)
    return is_of_scheme is not None and has_valid_check_digit(digits)


def _hidden(match: re.Match[str]) -> str:
    return match[0][0] + re.sub(r"\d", "0", match[0][1:]) if _is_card_number(match[0]) else match[0]
