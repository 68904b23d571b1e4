"""A response reaches the bank once: as the operator wrote it, whatever fails on the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from lumira.clients import stripe_disputes
from lumira.data_subjects.erase import erase_data_subject
from lumira.database import atomic, db
from lumira.domain.dispute_evidence import KEPT, LEASE
from lumira.domain.stripe.metadata import EVIDENCE
from lumira.errors import DisputeNotFound, EvidenceRefused, IdempotencyInProgress
from lumira.errors.customers import NotErasable
from lumira.errors.stripe import StripeUnavailable
from lumira.models import Alert, AlertKind, Dispute, DisputeEvidence, DisputeStatus, Language, RequestState
from lumira.repositories.installation import due_work
from lumira.repositories.orders import dispute_evidence
from lumira.services.disputes.send_evidence import send_due_evidence, send_evidence
from lumira.services.disputes.view_dispute import view_dispute
from lumira.services.retention.remove_expired import remove_expired
from lumira.tasks import queue
from tests.support import refunds, stripe_sandbox
from tests.support.factories import BUYER, Brand, count, load_order

pytestmark = pytest.mark.usefixtures("app_context")

WORDS = {"customer_name": "Ada", "uncategorized_text": "She wrote on May 2 that she likes it."}
LATER = LEASE + timedelta(seconds=1)


@pytest.fixture
def dispute_id(tenant: Brand) -> str:
    opened = refunds.pay(tenant)
    made = refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    return str(made["id"])


def at_stripe(brand: Brand, dispute_id: str) -> dict[str, Any]:
    return stripe_sandbox.call(brand, "GET", f"/v1/disputes/{dispute_id}")


def send(brand: Brand, dispute_id: str, words: dict[str, str] | None = None) -> None:
    send_evidence(brand.id, dispute_id, words or WORDS, actor="operator:1")


def newest(brand: Brand, dispute_id: str) -> DisputeEvidence:
    with atomic(brand.id):
        found = dispute_evidence.find_newest(brand.id, dispute_id)
    assert found is not None
    return found


def state_of(brand: Brand, dispute_id: str) -> DisputeStatus:
    order = load_order(
        brand, view_dispute(brand.id, dispute_id, language=Language.ENGLISH).order.order_number
    )
    return order.disputes[0].status


def sent_by_worker(brand: Brand, after: timedelta = LATER) -> int:
    with time_machine.travel(datetime.now(UTC) + after):
        assert brand.id in due_work.tenants_with_due_evidence(datetime.now(UTC))
        return send_due_evidence(brand.id)


def assert_sent_once(brand: Brand, dispute_id: str) -> None:
    dispute = at_stripe(brand, dispute_id)
    assert {name: dispute["evidence"][name] for name in WORDS} == WORDS
    assert (dispute["status"], dispute["evidence_details"]["submission_count"]) == ("under_review", 1)
    evidence = newest(brand, dispute_id)
    assert evidence.state is RequestState.ACCEPTED
    assert dispute["metadata"][EVIDENCE] == str(evidence.id)
    assert state_of(brand, dispute_id) is DisputeStatus.UNDER_REVIEW
    assert len(refunds.audited(brand, "evidence_sent")) == 1


def test_what_the_operator_wrote_is_sent_once_and_audited(tenant: Brand, dispute_id: str) -> None:
    send(tenant, dispute_id)

    assert_sent_once(tenant, dispute_id)
    with pytest.raises(EvidenceRefused, match="reads one only"):
        send(tenant, dispute_id, {"customer_name": "Eve"})
    assert_sent_once(tenant, dispute_id)
    [decided] = refunds.audited(tenant, "evidence_decided")
    assert (decided.actor, decided.details["fields"]) == ("operator:1", sorted(WORDS))
    view = view_dispute(tenant.id, dispute_id, language=Language.FRENCH)
    assert (dict(view.fields), str(view.why_not)) == (WORDS, "sent")


def test_nothing_is_recorded_or_sent_after_the_deadline_or_without_words(
    tenant: Brand, dispute_id: str
) -> None:
    with pytest.raises(EvidenceRefused, match="empty"):
        send(tenant, dispute_id, {"customer_name": " "})
    with atomic(tenant.id):
        past = {"due_at": datetime.now(UTC) - timedelta(seconds=1)}
        db.session.execute(update(Dispute).where(Dispute.tenant_id == tenant.id).values(**past))
    with pytest.raises(EvidenceRefused, match="deadline"):
        send(tenant, dispute_id)
    with pytest.raises(DisputeNotFound):
        send(tenant, "du_unknown")
    assert count(tenant, DisputeEvidence) == 0
    assert not at_stripe(tenant, dispute_id)["evidence_details"]["has_evidence"]


def test_a_worker_sends_what_stripe_did_not_get(tenant: Brand, dispute_id: str) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/disputes", times=10)
    with pytest.raises(StripeUnavailable):
        send(tenant, dispute_id)
    stripe_sandbox.clear_faults(tenant)
    queue.send_evidence(0)
    assert count(tenant, DisputeEvidence, state=RequestState.ACCEPTED) == 0

    assert sent_by_worker(tenant, timedelta(minutes=10)) == 1

    assert_sent_once(tenant, dispute_id)


@pytest.mark.parametrize("after", [timedelta(hours=1), timedelta(hours=30)])
def test_a_response_whose_result_is_unknown_is_looked_up_before_it_is_sent_again(
    tenant: Brand, dispute_id: str, after: timedelta
) -> None:
    stripe_sandbox.fail_next(tenant, "500_after", path="/v1/disputes", times=10)
    with pytest.raises(StripeUnavailable):
        send(tenant, dispute_id)
    stripe_sandbox.clear_faults(tenant)
    assert newest(tenant, dispute_id).state is RequestState.UNKNOWN

    assert sent_by_worker(tenant, after) == 1

    assert_sent_once(tenant, dispute_id)


def test_a_suspended_process_sends_nothing_once_its_lease_has_ended(tenant: Brand, dispute_id: str) -> None:
    with time_machine.travel(datetime.now(UTC)) as clock:

        def suspend(_session: Session) -> None:
            clock.shift(LATER)

        event.listen(Session, "after_commit", suspend, once=True)
        with pytest.raises(IdempotencyInProgress, match="Another process"):
            send(tenant, dispute_id)
    assert not at_stripe(tenant, dispute_id)["evidence_details"]["has_evidence"]

    assert sent_by_worker(tenant) == 1

    assert_sent_once(tenant, dispute_id)


def test_an_error_of_the_program_keeps_no_other_response_waiting(
    tenant: Brand, dispute_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(refunds.disputed(tenant, refunds.pay(tenant))["id"])
    refunds.deliver_events(tenant)
    for each in (dispute_id, other):
        stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/disputes", times=10)
        with pytest.raises(StripeUnavailable):
            send(tenant, each)
        stripe_sandbox.clear_faults(tenant)
    submit, failed = stripe_disputes.submit_evidence, []

    def fail_once(*arguments: Any, **options: Any) -> dict[str, Any]:
        if not failed:
            failed.append(arguments[1])
            raise ZeroDivisionError
        return submit(*arguments, **options)

    monkeypatch.setattr(stripe_disputes, "submit_evidence", fail_once)
    assert sent_by_worker(tenant) == 2

    [broken] = failed
    assert newest(tenant, broken).state is not RequestState.ACCEPTED
    assert_sent_once(tenant, other if broken == dispute_id else dispute_id)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(("kill_at", "when"), [(1, "before"), (1, "after"), (2, "before"), (2, "after")])
def test_a_response_is_sent_once_if_the_process_ends_at_any_commit(
    tenant: Brand, dispute_id: str, kill_at: int, when: str
) -> None:
    commits = {"before": 0, "after": 0}

    def observe(name: str) -> None:
        commits[name] += 1
        if (commits[name], name) == (kill_at, when):
            raise Killed

    listeners = [(f"{name}_commit", lambda _session, name=name: observe(name)) for name in commits]
    for name, listener in listeners:
        event.listen(Session, name, listener)
    try:
        with pytest.raises(Killed):
            send(tenant, dispute_id)
    finally:
        for name, listener in listeners:
            event.remove(Session, name, listener)
    db.session.remove()

    if (kill_at, when) == (1, "before"):
        # Nothing was decided: the operator's form is sent again.
        send(tenant, dispute_id)
    elif (kill_at, when) != (2, "after"):
        assert sent_by_worker(tenant) == 1
    assert_sent_once(tenant, dispute_id)


def test_what_stripe_refuses_can_be_sent_again(tenant: Brand, dispute_id: str) -> None:
    refunds.close_dispute(tenant, dispute_id, "lost")
    with pytest.raises(EvidenceRefused, match="already closed"):
        send(tenant, dispute_id)
    assert newest(tenant, dispute_id).state is RequestState.REFUSED
    assert count(tenant, Alert, kind=AlertKind.EVIDENCE_REFUSED) == 0
    with pytest.raises(EvidenceRefused, match="already closed"):
        send(tenant, dispute_id)
    assert count(tenant, DisputeEvidence, state=RequestState.REFUSED) == 2


def test_a_refusal_that_no_operator_reads_is_an_alert(tenant: Brand, dispute_id: str) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/disputes", times=10)
    with pytest.raises(StripeUnavailable):
        send(tenant, dispute_id)
    stripe_sandbox.clear_faults(tenant)
    refunds.close_dispute(tenant, dispute_id, "lost")

    assert sent_by_worker(tenant, timedelta(minutes=10)) == 1

    assert newest(tenant, dispute_id).state is RequestState.REFUSED
    assert count(tenant, Alert, kind=AlertKind.EVIDENCE_REFUSED, subject=dispute_id) == 1
    [entry] = refunds.audited(tenant, "evidence_refused")
    assert entry.details["dispute"] == dispute_id


def test_an_erasure_and_the_retention_remove_the_words_and_keep_that_they_were_sent(
    tenant: Brand, dispute_id: str
) -> None:
    send(tenant, dispute_id)
    remove_expired(tenant.id)
    assert newest(tenant, dispute_id).fields == WORDS
    with time_machine.travel(datetime.now(UTC) + KEPT + timedelta(days=1)):
        remove_expired(tenant.id)
    evidence = newest(tenant, dispute_id)
    assert (evidence.fields, evidence.state) == ({}, RequestState.ACCEPTED)


def test_a_buyer_is_not_erased_while_a_response_is_being_sent(tenant: Brand) -> None:
    opened = refunds.pay(tenant)
    inquiry = refunds.disputed(tenant, opened, status="warning_needs_response")["id"]
    refunds.deliver_events(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/disputes", times=10)
    with pytest.raises(StripeUnavailable):
        send(tenant, inquiry)
    stripe_sandbox.clear_faults(tenant)
    with pytest.raises(NotErasable, match="being sent to the bank"):
        erase_data_subject(tenant.id, BUYER, actor="operator:1")
    sent_by_worker(tenant, timedelta(minutes=10))

    erase_data_subject(tenant.id, BUYER, actor="operator:1")

    assert newest(tenant, inquiry).fields == {}
