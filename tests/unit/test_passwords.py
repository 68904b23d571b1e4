"""Passwords are hashed, compared in any spelling of their characters, and refused if they are easy to guess."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lumira import passwords
from lumira.passwords import TooBusy, Weakness

GOOD = "plum harbour velvet nine"
#: Before the tests replace them by quick ones.
_PRODUCTION = {name: getattr(passwords, name) for name in ("_hasher", "_DECOY")}


@pytest.fixture(autouse=True)
def hashes_of_production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _PRODUCTION.items():
        monkeypatch.setattr(passwords, name, value)


def test_a_password_has_its_own_hash_and_no_other() -> None:
    stored = passwords.hash_password(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, GOOD)
    assert not passwords.verify(stored, GOOD + " ")
    assert stored != passwords.hash_password(GOOD)


def test_no_password_is_that_of_an_unknown_operator() -> None:
    for typed in ("", GOOD, "no operator has this password"):
        assert not passwords.verify(None, typed)


def test_the_same_characters_are_the_same_password_on_every_keyboard() -> None:
    composed, decomposed = "caf\u00e9 velours prune neuf", "cafe\u0301 velours prune neuf"
    assert passwords.verify(passwords.hash_password(composed), decomposed)


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        (GOOD, None),
        ("xkT9#qLw2$vB", None),
        ("elevenchars", Weakness.TOO_SHORT),
        ("x7" * 65, Weakness.TOO_LONG),
        ("passwordpassword", Weakness.GUESSABLE),
        ("123456789012", Weakness.GUESSABLE),
        ("qwertyuiopas", Weakness.GUESSABLE),
        ("aaaaaaaaaaaaaaaa", Weakness.GUESSABLE),
        ("ana.dupont@example.com", Weakness.GUESSABLE),
        ("dupontdupont", Weakness.GUESSABLE),
        ("oraclelumira1", Weakness.GUESSABLE),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str, weakness: Weakness | None) -> None:
    personal = ["ana.dupont@example.com", "Oracle Lumira", "oraclelumira"]
    assert passwords.find_weakness(password, personal=personal) is weakness


@pytest.mark.parametrize("password", ["lumirastripe", "stripedashboard"])
def test_a_password_of_words_of_this_program_is_refused(password: str) -> None:
    assert passwords.find_weakness(password, personal=[]) is Weakness.GUESSABLE


def test_a_flood_of_passwords_occupies_four_threads_and_no_more() -> None:
    stored = passwords.hash_password(GOOD)
    with ThreadPoolExecutor(4) as pool:
        # While both hashes are under way, four threads wait.
        with passwords._hashing, passwords._hashing:
            waiting = [pool.submit(passwords.verify, stored, GOOD) for _ in range(4)]
            while passwords._admitted._value:
                time.sleep(0.01)
            with pytest.raises(TooBusy):
                passwords.verify(stored, GOOD)
        assert all(each.result(timeout=30) for each in waiting)
    assert passwords.verify(stored, GOOD)
