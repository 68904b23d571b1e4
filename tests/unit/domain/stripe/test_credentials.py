"""Credentials are accepted in the form in which Stripe issues them, and refused otherwise when they are entered."""

from collections.abc import Callable

import pytest

from lumira.domain.stripe import credentials as stripe_credentials
from lumira.errors import InvalidRequest

ACCEPTED = [
    (stripe_credentials.parse_secret_key, "sk_test_51AbC"),
    (stripe_credentials.parse_secret_key, "rk_live_51AbC"),
    (stripe_credentials.parse_publishable_key, "pk_live_51AbC"),
    (stripe_credentials.parse_webhook_secret, "whsec_AbC+/01=="),
    (stripe_credentials.parse_account, "acct_1AbC"),
]
Parser = Callable[[str], str]


@pytest.mark.parametrize(("parse", "credential"), ACCEPTED)
@pytest.mark.parametrize("unseen", ["", " ", "\r\n", "\u00a0", "\u200b", "\ufeff", "\t \u2060"])
def test_what_a_copied_credential_carries_unseen_at_its_ends_is_removed(
    parse: Parser, credential: str, unseen: str
) -> None:
    assert parse(unseen + credential + unseen) == credential


@pytest.mark.parametrize(("parse", "credential"), ACCEPTED)
@pytest.mark.parametrize("inside", [" ", "\n", "\u00a0", "\u200b", "é", "…", '"'])
def test_a_credential_with_another_character_inside_is_refused_without_being_repeated(
    parse: Parser, credential: str, inside: str
) -> None:
    with pytest.raises(InvalidRequest, match="Copy it again") as caught:
        parse(f"{credential}{inside}hunter2")

    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("key", ["sk_51AbC", "sk_test_", "pk_test_51AbC", "sk_org_51AbC"])
def test_a_secret_key_names_its_mode(key: str) -> None:
    with pytest.raises(InvalidRequest, match="begins with sk_ or rk_"):
        stripe_credentials.parse_secret_key(key)


@pytest.mark.parametrize(
    ("secret", "publishable"),
    [("sk_live_1", "pk_test_1"), ("rk_live_1", "pk_test_1"), ("sk_test_1", "pk_live_1")],
)
def test_keys_of_two_modes_are_refused_together(secret: str, publishable: str) -> None:
    with pytest.raises(InvalidRequest, match="both keys of one mode"):
        stripe_credentials.check_modes(secret, publishable)


@pytest.mark.parametrize(
    ("secret", "publishable"),
    [("sk_live_1", "pk_live_1"), ("rk_test_1", "pk_test_1"), (None, "pk_live_1"), ("sk_live_1", None)],
)
def test_keys_of_one_mode_and_a_single_key_are_accepted(secret: str | None, publishable: str | None) -> None:
    stripe_credentials.check_modes(secret, publishable)
