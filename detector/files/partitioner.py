"""The partition of a key, as Java's clients choose it, so that all events of an account meet in one worker."""

from functools import lru_cache
from typing import Final

SEED: Final = 0x9747B28C
MIX: Final = 0x5BD1E995
WORD: Final = 0xFFFFFFFF
POSITIVE: Final = 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """Hash `data` to 32 bits, unsigned: MurmurHash2 with the seed of Kafka's Java client (`Utils.murmur2`)."""
    length = len(data)
    whole = length & ~3
    state = SEED ^ length
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * MIX & WORD
        state = (state * MIX & WORD) ^ ((word ^ word >> 24) * MIX & WORD)
    if whole < length:
        state = (state ^ int.from_bytes(data[whole:], "little")) * MIX & WORD
    state = (state ^ state >> 13) * MIX & WORD
    return state ^ state >> 15


@lru_cache(maxsize=1 << 17)
def partition_of(key: bytes, partitions: int) -> int:
    """Give the partition, 0 to `partitions` - 1, on which Kafka's Java client puts a record with this key."""
    return (murmur2(key) & POSITIVE) % partitions
