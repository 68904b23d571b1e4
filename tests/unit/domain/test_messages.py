"""Rules about messages: recipients, delays, giving up, and the subjects of disputes."""

from datetime import timedelta

import pytest

from lumira.domain import messages
from lumira.models import MessageKind


def test_only_dispute_alerts_are_for_the_team():
    assert [kind for kind in MessageKind if messages.is_for_team(kind)] == [MessageKind.DISPUTE_ALERT]


def test_only_declined_payments_are_sent_after_a_delay():
    delayed = [kind for kind in MessageKind if messages.sending_delay(kind)]
    assert delayed == [MessageKind.PAYMENT_FAILED]


@pytest.mark.parametrize(
    ("attempts", "hours", "is_given_up"), [(28, 25, True), (28, 24, False), (27, 99, False), (99, 1, False)]
)
def test_a_message_is_given_up_after_a_day_and_as_many_attempts(attempts, hours, is_given_up):
    assert messages.is_given_up(attempts=attempts, age=timedelta(hours=hours)) is is_given_up


def test_an_inquiry_and_its_dispute_have_different_subjects_and_one_dispute():
    subject = messages.inquiry_subject("du_1")
    assert subject != "du_1"
    assert [messages.is_about_inquiry(subject), messages.is_about_inquiry("du_1")] == [True, False]
    assert messages.dispute_id_of(subject) == messages.dispute_id_of("du_1") == "du_1"
