"""The result of verifying receipts."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Verified:
    """What was verified, and a sentence for everything that is wrong."""

    documents: int = 0
    #: The documents that have a link in a hash chain.
    links: int = 0
    errors: list[str] = field(default_factory=list)
    #: No proof of a change, but something to look at.
    remarks: list[str] = field(default_factory=list)
