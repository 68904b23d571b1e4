"""A link proves its entry and every link before it; a head is valid with its signature only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from lumira.domain.audit_chain import Entry, digest_of
from lumira.domain.hash_chain import GENESIS, Head, read_head, sign_head

ENTRY = Entry(
    tenant_id=1,
    id=UUID("0190f6b6-0000-7000-8000-000000000001"),
    at=datetime(2026, 11, 27, 12, 0, 0, 5, tzinfo=UTC),
    actor="operator",
    action="order_refunded",
    subject="order:1",
    details={"amount": 1400, "reason": "é"},
)
HEAD = Head("audit", tenant_id=1, sequence=7, digest=bytes(range(32)), at=datetime(2026, 11, 27, tzinfo=UTC))
KEY = b"a key"


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": 2},
        {"id": UUID("0190f6b6-0000-7000-8000-000000000002")},
        {"at": ENTRY.at + timedelta(microseconds=1)},
        {"actor": "stripe"},
        {"action": "order_completed"},
        {"subject": "order:2"},
        {"details": {"amount": 1401, "reason": "é"}},
        {"details": {"amount": "1400", "reason": "é"}},
        {"details": {}},
    ],
)
def test_every_change_of_an_entry_changes_its_digest(change):
    assert digest_of(GENESIS, replace(ENTRY, **change)) != digest_of(GENESIS, ENTRY)


def test_a_digest_depends_on_the_link_before_it():
    assert digest_of(b"\1" * 32, ENTRY) != digest_of(GENESIS, ENTRY)


def test_the_order_of_details_and_the_time_zone_change_no_digest():
    same = replace(
        ENTRY,
        details={"reason": "é", "amount": 1400},
        at=ENTRY.at.astimezone(timezone(timedelta(hours=2))),
    )

    assert digest_of(GENESIS, same) == digest_of(GENESIS, ENTRY)


def test_a_digest_is_the_same_for_ever():
    assert (
        digest_of(GENESIS, ENTRY).hex() == "4de9b2c7ee367bc9979af95b28838a73a734058dbe974717ee2b376615b57c3c"
    )


def test_a_signed_head_is_read_as_it_was_written():
    assert read_head(sign_head(HEAD, KEY), KEY) == HEAD


def test_a_head_of_another_key_is_refused():
    assert read_head(sign_head(HEAD, KEY), b"another key") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence": 7', b'"sequence": 6'),
        (b'"tenant": 1', b'"tenant": 2'),
        (b"audit", b"receipts"),
        (b"000102", b"ff0102"),
    ],
)
def test_a_changed_head_is_refused(old, new):
    document = sign_head(HEAD, KEY)
    assert old in document

    assert read_head(document.replace(old, new), KEY) is None


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"tenant": "x"}', b"\xff", b"null"])
def test_what_is_no_head_is_refused(document):
    assert read_head(document, KEY) is None
