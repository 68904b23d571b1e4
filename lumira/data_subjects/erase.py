"""The whole erasure of a data subject: unpaid orders at Stripe, rows, stored e-mails, and files in storage."""

from dataclasses import dataclass

from lumira.data_subjects.archive import remove_emails
from lumira.errors.files import StorageUnavailable
from lumira.reconciliation.close_before_erasure import close_unpaid_orders
from lumira.services.files.remove_files import remove_files
from lumira.services.privacy.erase_customer import Erasure, erase_customer


@dataclass(frozen=True, slots=True)
class CompletedErasure:
    """What was closed and erased."""

    closed_orders: int
    erasure: Erasure
    #: E-mails that were stored as files.
    messages: int
    #: Why files remain in storage; the next sweep removes them.
    storage_error: StorageUnavailable | None


def erase_data_subject(tenant_id: int, email: str, *, actor: str) -> CompletedErasure:
    """Close the unpaid orders of this address, then erase the personal data. It can be repeated.

    Raises `CustomerNotFound`, `NotErasable`, and `StripeUnavailable` before anything is erased.
    """
    closed = close_unpaid_orders(tenant_id, email, actor=actor)
    erasure = erase_customer(tenant_id, email, actor=actor)
    messages = remove_emails(erasure.message_ids)
    storage_error = None
    try:
        remove_files(tenant_id)
    except StorageUnavailable as error:
        storage_error = error
    return CompletedErasure(closed, erasure, messages, storage_error)
