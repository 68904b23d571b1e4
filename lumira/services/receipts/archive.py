"""The archive of a year: its documents and closings with the links of their chains, in a signed ZIP file.

It can be verified without the database. Buyers are not in it: no link covers them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.hash_chain import GENESIS, next_digest, read_signed, sign
from lumira.errors.orders import ReceiptNotFound
from lumira.models import ClosingPeriod
from lumira.repositories import hash_chains
from lumira.repositories.audit import audit
from lumira.repositories.hash_chains import CLOSINGS, RECEIPTS, TEST_RECEIPTS, Chain
from lumira.repositories.receipts import receipt_chain, receipt_closings
from lumira.repositories.receipts.receipt_chain import Position
from lumira.repositories.tenants import tenants
from lumira.services.chains import heads
from lumira.services.receipts.seal_receipts import seal_receipts
from lumira.services.receipts.verified import Verified

#: Links of one transaction.
PAGE = 5_000
_MANIFEST, _DOCUMENTS, _CLOSINGS = "manifest.json", "receipts.jsonl", "closings.jsonl"
_FORMAT = 1
#: What stands before the content of a link in its line; the content is the text that the digest covers.
_BEFORE_CONTENT = ', "content": '


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with the text that its digest covers."""

    sequence: int
    digest: bytes
    content: str

    def line(self) -> bytes:
        """Return it as a line of JSON."""
        start = f'{{"sequence": {self.sequence}, "digest": "{self.digest.hex()}"'
        return f"{start}{_BEFORE_CONTENT}{self.content}}}\n".encode()


def write_archive(
    file: IO[bytes], tenant_id: int, year: int, *, livemode: bool, actor: str, software: str
) -> int:
    """Write the archive of a year, and return how many documents it has; it names the `software` with its version.

    What is not sealed yet is sealed first. Every link between the first and the last document of the year is in it,
    also of documents that were issued at the turn of the year. Raises `ReceiptNotFound` if there is none.
    """
    seal_receipts(tenant_id)
    chain = RECEIPTS if livemode else TEST_RECEIPTS
    with atomic(tenant_id):
        found = receipt_chain.find_year(tenant_id, year, livemode=livemode)
        if found is None:
            raise ReceiptNotFound(f"There is no document of {'live' if livemode else 'test'} mode in {year}.")
        slug = tenants.get(tenant_id).slug
        audit.record(tenant_id, actor=actor, action="receipts_archived", subject="tenant", year=year)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        documents = _list_documents(tenant_id, *found, livemode=livemode)
        parts = {_DOCUMENTS: _write_part(archive, _DOCUMENTS, tenant_id, chain, documents)}
        if livemode:
            closings = _list_closings(tenant_id, year)
            parts[_CLOSINGS] = _write_part(archive, _CLOSINGS, tenant_id, CLOSINGS, closings)
        manifest = {
            "format": _FORMAT,
            "software": software,
            "tenant": slug,
            "tenantId": tenant_id,
            "year": year,
            "livemode": livemode,
            "createdAt": utc_now().isoformat(timespec="seconds"),
            "files": parts,
        }
        archive.writestr(_MANIFEST, sign(manifest, heads.signing_keys()[0]))
    return int(parts[_DOCUMENTS]["lines"])


def _write_part(
    archive: ZipFile, name: str, tenant_id: int, chain: Chain, links: Iterator[_Link]
) -> dict[str, Any]:
    """Write a chain's links, one a line, and return what the manifest states about them."""
    sha256, lines = hashlib.sha256(), 0
    first, last = 0, None
    with archive.open(name, "w", force_zip64=True) as entry:
        for last in links:
            first = first or last.sequence
            line = last.line()
            sha256.update(line)
            entry.write(line)
            lines += 1
    with atomic(tenant_id):
        before = hash_chains.find_digest(chain, tenant_id, first - 1)
    return {
        "lines": lines,
        "sha256": sha256.hexdigest(),
        "firstSequence": first,
        "digestBefore": (before or GENESIS).hex(),
        "lastDigest": last.digest.hex() if last else None,
    }


def _list_documents(tenant_id: int, first: int, last: int, *, livemode: bool) -> Iterator[_Link]:
    after = first - 1
    while after < last:
        with atomic(tenant_id):
            limit = min(PAGE, last - after)
            page = receipt_chain.list_links(tenant_id, after=Position(livemode, after), limit=limit)
        yield from (_Link(row.sequence, row.digest, row.content) for row in page)
        after += limit


def _list_closings(tenant_id: int, year: int) -> Iterator[_Link]:
    """The closings from the first day of the year to its last; the chain has no other one between them."""
    with atomic(tenant_id):
        rows = [
            row
            for period in ClosingPeriod
            for row in receipt_closings.list_closings(
                tenant_id, period, since=date(year, 1, 1), until=date(year, 12, 31)
            )
        ]
        for row in sorted(rows, key=lambda each: each.sequence):
            yield _Link(row.sequence, row.digest, receipt_closings.closing_of(row).text())


def verify_archive(file: IO[bytes]) -> Verified:
    """Verify an archive without the database: its signature, and every link of its chains.

    Raises `BadZipFile`, and `KeyError` for a ZIP file that is no archive.
    """
    result = Verified()
    with ZipFile(file) as archive:
        document = archive.read(_MANIFEST)
        signed = (read_signed(document, key) for key in heads.signing_keys())
        manifest = next((content for content in signed if content is not None), None)
        if manifest is None:
            result.errors.append(
                "the manifest was not signed with this SECRET_KEY: it was changed, or the key was"
            )
            manifest = json.loads(document)
        for name, part in manifest["files"].items():
            with archive.open(name) as entry:
                lines = _verify_part(entry, name, part, result)
            if name == _DOCUMENTS:
                result.documents = result.links = lines
    return result


def _verify_part(entry: Iterable[bytes], name: str, part: dict[str, Any], result: Verified) -> int:
    """Recompute the links of a file; returns how many lines it has."""
    sha256, lines = hashlib.sha256(), 0
    previous, expected = bytes.fromhex(part["digestBefore"]), part["firstSequence"]
    for line in entry:
        lines += 1
        sha256.update(line)
        link = _read_line(line)
        if link is None:
            result.errors.append(f"{name}: line {lines} is no link")
            return lines
        if link.sequence != expected:
            result.errors.append(f"{name}: the line before link {link.sequence} is missing")
        elif next_digest(previous, link.content) != link.digest:
            result.errors.append(f"{name}: {_name_of(link)} was changed (link {link.sequence})")
        previous, expected = link.digest, link.sequence + 1
    is_whole = (lines, sha256.hexdigest()) == (part["lines"], part["sha256"])
    if not is_whole and not result.errors:
        result.errors.append(f"{name}: it is not the file that the manifest names")
    return lines


def _read_line(line: bytes) -> _Link | None:
    start, separator, rest = line.decode("utf-8", "replace").partition(_BEFORE_CONTENT)
    try:
        link = json.loads(start + "}")
        return (
            _Link(link["sequence"], bytes.fromhex(link["digest"]), rest.removesuffix("}\n"))
            if separator
            else None
        )
    except (ValueError, KeyError, TypeError):
        return None


def _name_of(link: _Link) -> str:
    try:
        content = json.loads(link.content)
        return str(content.get("number") or f"the closing of the {content['period']} {content['firstDay']}")
    except (ValueError, KeyError, AttributeError):
        return "a document"
