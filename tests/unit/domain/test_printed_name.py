"""Receipts show a buyer's name with its dots, and no address that a reader could open."""

import pytest

from lumira.domain.printed_name import printed_name

NAMES = [
    "Ana Martin", "Dr.med. Anna Weiß", "Dr.rer.nat. Anna Weiß", "Jean-Luc.MARTIN", "Mme.DUPONT", "Mme.de La Tour",
    "M.Dupont", "J.-P. O'Neill", "Prof.Dr.Weiß", "anna.weiss", "jean.martin", "Wei.LI", "Dr.LI", "A.B.C. Diallo",
    "Jean.Claude Petit", "Dupont.Marie", "李明", "김민수", "สมชาย ใจดี", "अनन्या शर्मा", "محمد علي",
    "Me.LEROY", "James.BOND",
    "Dr. Müller, c/o Lumière & Fils", "Marie St.Clair", "Anna Maria v.d.Heide",
]  # fmt: skip
ADDRESSES = [
    "https://evil.example/pay", "Refund: WWW.evil.example", "ana@evil.example", "See evil.com", "See EVIL.COM",
    "Pay at t.Co/x", "Evil.COM", "evil.de", "See EVIL.DE", "my-shop.co.uk", "shop.evil.com", "win at evil.shop now",
    "evil\uff0ecom", "evil.\uff43\uff4f\uff4d", "evil.com.", "(evil.com)", "Dr.evil.com", "évil.fr",
    "evil.top!", "a1.io",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_entered(name: str) -> None:
    assert printed_name(name) == name


@pytest.mark.parametrize("text", ADDRESSES)
def test_a_text_that_a_reader_takes_for_an_address_is_not_shown(text: str) -> None:
    assert printed_name(text) is None


@pytest.mark.parametrize("text", [None, "", "Ana\nCall 0900 123", "Ana\u2028Call 0900 123", "a" * 81])
def test_what_is_not_one_short_line_is_not_shown(text: str | None) -> None:
    assert printed_name(text) is None
