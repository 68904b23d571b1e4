"""Checks what is entered about a parcel before it is recorded."""

from datetime import datetime

from lumira.card_numbers import contains_card_number
from lumira.domain.goods.carriers import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    LONGEST_URL,
    is_tracking_number,
    is_tracking_url,
    key_of,
    tracking_page,
)
from lumira.domain.goods.parcels import Tracking
from lumira.errors import InvalidRequest
from lumira.errors.parcels import InvalidTracking


def checked_tracking(carrier: str | None, number: str | None, url: str | None) -> Tracking:
    """Return how a parcel is followed, with the page of a known carrier where no link is given.

    Raises `InvalidTracking` for a number or a link that cannot be one.
    """
    key = key_of(carrier)
    if key is not None and len(key) > LONGEST_NAME:
        raise _invalid("carrier", f"Must be the name of a carrier, of at most {LONGEST_NAME} characters.")
    number, url = (number or "").strip() or None, (url or "").strip() or None
    if any(contains_card_number(text) for text in (key, number, url) if text):
        raise _invalid(
            "trackingNumber", "This looks like the number of a payment card, which is never stored."
        )
    if number is not None and not is_tracking_number(number):
        raise _invalid(
            "trackingNumber",
            f"Must be the number on the label: letters and digits, at most {LONGEST_NUMBER} characters.",
        )
    if url is not None and not is_tracking_url(url):
        raise _invalid(
            "trackingUrl",
            "Must be the carrier's page, beginning with https:// and a host name, of at most "
            f"{LONGEST_URL} characters.",
        )
    return Tracking(key, number, url or tracking_page(key, number))


def checked_time(at: datetime | None, *, name: str, earliest: datetime, now: datetime) -> datetime:
    """Return a time that an operator entered, else now; raises `InvalidRequest` if it cannot be the time."""
    if at is None:
        return _in_milliseconds(now)
    if at > now:
        raise InvalidRequest("The time is in the future.", fields={name: ["Must not be in the future."]})
    if at < _in_milliseconds(earliest):
        raise InvalidRequest(
            f"The time is before {earliest:%Y-%m-%dT%H:%M:%SZ}, which cannot be.",
            fields={name: [f"Must not be before {earliest:%Y-%m-%dT%H:%M:%SZ}."]},
        )
    return _in_milliseconds(at)


def _in_milliseconds(at: datetime) -> datetime:
    """The time as the API writes it: a caller may send back what it was shown, and that is not earlier."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _invalid(name: str, message: str) -> InvalidTracking:
    return InvalidTracking(f"The tracking of the parcel is invalid: {message}", fields={name: [message]})
