"""The outer form of an archive: encrypted frames, of which none can be changed, moved, left out or added.

The key is derived from a passphrase (scrypt, RFC 7914) with a salt of the archive. Each frame is sealed by AES-GCM; its
nonce is its number and whether it is the last one, as in the STREAM construction (Hoang and others, 2015). What a frame
contains is compressed first, and is a record: one byte for its kind, and its content.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from lumira.errors.moving import MoveRefused, UnusableArchive

_NAME = b"LUMIRA-TENANT-"
#: The format of this version, with a line feed: a later version that writes other frames or records changes it.
_MAGIC = _NAME + b"2\n"
_SALT_BYTES = 16
#: 64 MiB of memory and a quarter of a second for each guess.
_SCRYPT_N, _SCRYPT_R = 2**16, 8
#: The fewest characters of a passphrase: an archive is guessed at without a server that counts attempts.
SHORTEST_PASSPHRASE = 16
#: Bytes of a record's content, at most.
LARGEST = 1024 * 1024
#: A compressed record may be this much larger than its content, and AES-GCM adds 16 bytes.
_LARGEST_FRAME = LARGEST + 4096
_LENGTH_BYTES = 4
_COUNTER_BYTES = 11


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an archive."""

    kind: bytes
    content: bytes


def check_passphrase(passphrase: str) -> None:
    """Raise `MoveRefused` if a passphrase is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise MoveRefused(
            f"The passphrase has fewer than {SHORTEST_PASSPHRASE} characters: the archive contains all secrets of "
            "the tenant. `openssl rand -base64 24` makes a good one."
        )


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    check_passphrase(passphrase)
    derived = Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=1).derive(passphrase.encode())
    return AESGCM(derived)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES) + bytes([is_last])


class StreamWriter:
    """Writes records; the last one has to be written with `is_last`."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._cipher = _cipher(passphrase, salt)
        self._header = _MAGIC + salt
        self._file = file
        self._number = 0
        file.write(self._header)

    def write(self, kind: bytes, content: bytes, *, is_last: bool = False) -> None:
        """Write one record, whose content has `LARGEST` bytes at most."""
        if len(content) > LARGEST:
            raise ValueError("The record is too large.")
        compressed = zlib.compress(kind + content, 1)
        nonce = _nonce(self._number, is_last=is_last)
        sealed = self._cipher.encrypt(nonce, compressed, self._header)
        self._file.write(len(sealed).to_bytes(_LENGTH_BYTES) + sealed)
        self._number += 1


def read_records(
    file: IO[bytes], passphrase: str, on_progress: Callable[[int], None] = lambda _bytes: None
) -> Iterator[Record]:
    """Yield the records of an archive to its end; `on_progress` is called with the bytes of each.

    Raises `UnusableArchive`, perhaps after some records: what follows from them must not be kept then.
    """
    magic = file.read(len(_MAGIC))
    if magic != _MAGIC:
        if magic.startswith(_NAME):
            raise UnusableArchive(
                "The archive was written by another version of Lumira: use the same one here."
            )
        raise UnusableArchive("This file is no archive of `flask tenants export`.")
    header = magic + file.read(_SALT_BYTES)
    cipher = _cipher(passphrase, header[len(_MAGIC) :])
    number, is_last = 0, False
    while not is_last:
        sealed = _read_frame(file)
        content, is_last = _open(cipher, sealed, number, header)
        yield _uncompressed(content)
        on_progress(_LENGTH_BYTES + len(sealed))
        number += 1
    if file.read(1):
        raise UnusableArchive("The archive was changed: something follows its end.")


def _read_frame(file: IO[bytes]) -> bytes:
    length = file.read(_LENGTH_BYTES)
    size = int.from_bytes(length)
    if len(length) == _LENGTH_BYTES and size > _LARGEST_FRAME:
        raise UnusableArchive("The archive was changed: one of its frames is too large.")
    sealed = file.read(size)
    if len(length) < _LENGTH_BYTES or len(sealed) < size:
        raise UnusableArchive("The archive is incomplete: copy it again, or export it again.")
    return sealed


def _open(cipher: AESGCM, sealed: bytes, number: int, header: bytes) -> tuple[bytes, bool]:
    for is_last in (False, True):
        try:
            return cipher.decrypt(_nonce(number, is_last=is_last), sealed, header), is_last
        except InvalidTag:
            continue
    if number == 0:
        raise UnusableArchive("The passphrase is another one, or the archive was changed at its beginning.")
    raise UnusableArchive(f"The archive was changed in frame {number}: copy it again, or export it again.")


def _uncompressed(content: bytes) -> Record:
    uncompress = zlib.decompressobj()
    record = uncompress.decompress(content, LARGEST + 1)
    if uncompress.unconsumed_tail or not record:
        raise UnusableArchive("The archive has a record of a wrong size.")
    return Record(record[:1], record[1:])
