"""Secrets that are too weak, or that carry characters which nobody sees, stop the start."""

import pytest

from config.settings import Settings, SettingsError
from tests.unit.config.environment import REQUIRED


@pytest.mark.parametrize("secret", ["x", "changeme", "a" * 64, "secret" * 10])
def test_a_secret_key_that_can_be_guessed_stops_the_start(secret: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY must be at least 32 random characters") as caught:
        Settings.from_environment(REQUIRED | {"SECRET_KEY": secret})

    assert secret == "x" or secret not in str(caught.value)


def test_a_secret_key_of_128_random_bits_is_accepted() -> None:
    digits = "9f86d081884c7d659a2feaa0c55ad015"

    assert Settings.from_environment(REQUIRED | {"SECRET_KEY": digits}).secret_key == digits


@pytest.mark.parametrize("unseen", [" ", "\r", "\n", "\t", "\u00a0", "\u200b", "\ufeff"])
@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "PUBLIC_URL"])
def test_a_setting_with_an_invisible_character_stops_the_start(name: str, unseen: str) -> None:
    given = REQUIRED | {"STRIPE_WEBHOOK_SECRET": "whsec_1", "PUBLIC_URL": "https://pay.example.com"}

    with pytest.raises(SettingsError, match=f"^{name} has a space at an end"):
        Settings.from_environment(given | {name: given[name] + unseen})


def test_variables_of_other_programs_are_not_checked() -> None:
    Settings.from_environment(REQUIRED | {"PS1": "\x1b[1m$ \x1b[0m ", "LS_COLORS": " "})


def test_former_secret_keys_are_accepted_separated_by_commas() -> None:
    former = ("9f86d081884c7d659a2feaa0c55ad015", "2c26b46b68ffc68ff99b453c1d304134")

    read = Settings.from_environment(REQUIRED | {"SECRET_KEY_FALLBACKS": ", ".join(former)})

    assert read.secret_key_fallbacks == former
    assert not any(key in repr(read) for key in former)


def test_a_former_secret_key_that_can_be_guessed_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY_FALLBACKS must be at least 32 random characters"):
        Settings.from_environment(REQUIRED | {"SECRET_KEY_FALLBACKS": "changeme"})
