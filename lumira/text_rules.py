"""Rules of texts that people enter, here or in a system that sends them here."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from lumira.confusables import contains_encoded_word, is_confusable

#: RFC 5321, section 4.5.3.1.3: a path of 256 octets, less its angle brackets.
EMAIL_LENGTH = 254
#: Of a customer.
NAME_LENGTH = 200


def has_control_characters(text: str) -> bool:
    """Whether the text contains control characters, line breaks or surrogates."""
    return any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def is_email_address(text: str) -> bool:
    """Whether the text, without spaces around, is an e-mail address. Its domain is not resolved."""
    if len(text) > EMAIL_LENGTH or contains_encoded_word(text) or is_confusable(text):
        # Mail software decodes an encoded word (RFC 2047). A confusable address would look like that of another
        # customer.
        return False
    try:
        # Addresses under .test are undeliverable, but staging shops use them.
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True
