"""The hash chains over receipts and credit notes: one link for each document. Links are never updated or deleted."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import TenantOwned, choice, one_of
from lumira.models.receipt import ReceiptKind


class ReceiptLink(TenantOwned, Base):
    """The digest of a document and of the link before it, so that no earlier document can change unnoticed.

    Documents of test mode have a chain of their own, so that the archive of the books has none of them.
    """

    __tablename__ = "receipt_links"
    __table_args__ = (
        # The number and not the id: the last sealed number of a series is found at the end of this index.
        UniqueConstraint("tenant_id", "kind", "livemode", "year", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "kind", "livemode", "year", "number"],
            [
                "receipts.tenant_id",
                "receipts.kind",
                "receipts.livemode",
                "receipts.year",
                "receipts.number",
            ],
        ),
        CheckConstraint(one_of("kind", ReceiptKind), name="kind_is_known"),
        CheckConstraint("sequence > 0", name="sequence_is_positive"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    )

    livemode: Mapped[bool] = mapped_column(primary_key=True)
    #: From 1, without gaps. As part of the primary key it prevents two chains.
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[ReceiptKind] = mapped_column(choice(ReceiptKind))
    year: Mapped[int]
    number: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=utc_now)
