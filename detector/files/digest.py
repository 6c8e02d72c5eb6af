"""A digest of state that does not depend on how it is laid out over partitions or in which order it is read."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

_LENGTH_BYTES: Final = 8
_MODULUS: Final = 1 << 256


class Digest:
    """The sum of the SHA-256 of every record, modulo 2^256: those of parts add up to that of the whole.

    It tells a record that is lost, doubled or changed by mistake; against somebody who makes records up it is no proof.
    """

    def __init__(self, records: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self.total = 0
        self.records = 0
        self.size_bytes = 0
        for key, value in records:
            self.add(key, value)

    def add(self, key: bytes, value: bytes) -> None:
        """Take a record in."""
        text = len(key).to_bytes(_LENGTH_BYTES, "big") + key + value
        self.total = (self.total + int.from_bytes(sha256(text).digest(), "big")) % _MODULUS
        self.records += 1
        self.size_bytes += len(key) + len(value)

    def join(self, other: "Digest") -> None:
        """Take in what another one took in."""
        self.total = (self.total + other.total) % _MODULUS
        self.records += other.records
        self.size_bytes += other.size_bytes

    def __str__(self) -> str:
        return f"{self.total:064x}"
