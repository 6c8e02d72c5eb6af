"""Reads fetched record batches that aiokafka cannot: they would end every reader for good.

Kafka checks no names of headers: bytes that are not UTF-8 stand in a name as surrogates (PEP 383), so that nothing of
them is lost. Nor does it mind how much a compressed batch stands for: of one that is too much only offsets are read.
"""

# ruff: noqa: SLF001 - it reaches into aiokafka, whose version pyproject.toml and the worker's guard pin

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from detector.domain.record import Record, Unread
from detector.unpacking import LARGEST, NotUnpackedError, unpack_within_bounds

_LENGTH_AT: Final = 8
_MAGIC_AT: Final = 16
_WITH_HEADERS: Final = 2
_BEFORE_BODY: Final = 12


def read_tolerantly() -> None:
    """Let every consumer of this process read by `FetchedRecords` from now on."""
    fetcher.MemoryRecords = FetchedRecords
    unpack_within_bounds()


class FetchedRecords:
    """The record batches of one fetch, as aiokafka's own class gives them, but each is a `Batch`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._batches = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        """Give the bytes of all batches."""
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        """Say whether there is another whole batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """Give the next batch; one of the formats before headers as aiokafka gives it."""
        batch, begin = self._batches.next_batch(), self._at
        length = int.from_bytes(self._data[begin + _LENGTH_AT : begin + _BEFORE_BODY], "big")
        self._at = begin + _BEFORE_BODY + length
        if batch is None or self._data[begin + _MAGIC_AT] < _WITH_HEADERS:
            return batch
        return Batch(batch, self._data, begin, self._at)


class Batch:
    """One record batch: aiokafka's fast reader, and ours where that fails. Its other attributes are aiokafka's."""

    def __init__(self, batch: Any, data: bytes, begin: int, end: int) -> None:
        self._batch = batch
        self._data, self._begin, self._end = data, begin, end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        """Give the records. Raises CorruptRecordException for what is no record."""
        try:
            return iter(list(self._batch))
        except (UnicodeDecodeError, CorruptRecordException):
            return iter(_walked(self._data[self._begin : self._end]))
        except NotUnpackedError:
            return self._unread()

    def _unread(self) -> Iterator[Any]:
        """Give the records by their offsets alone; in a topic that is not compacted there is one at each."""
        batch, why = self._batch, Unread(f"its batch does not unpack within {LARGEST >> 20} MiB".encode())
        for offset in range(batch.base_offset, batch.next_offset):
            yield _Walked(offset, batch.max_timestamp, None, why, [], batch.timestamp_type)


class _Walked(Record, frozen=True, gc=False):
    """A record with the two more attributes that aiokafka's consumer asks for."""

    timestamp_type: int = 0
    checksum: None = None


def _walked(data: bytes) -> list[_Walked]:
    batch = _DefaultRecordBatchPy(data)
    batch._maybe_uncompress()
    try:
        return list(_records(batch, bytes(batch._buffer), batch._pos))
    except IndexError as error:
        raise CorruptRecordException(f"a record batch at offset {batch.base_offset} ends too soon") from error


def _records(batch: Any, data: bytes, at: int) -> Iterator[_Walked]:
    stamped = batch.max_timestamp if batch.timestamp_type else None
    for _ in range(batch._num_records):
        length, at = decode_varint(data, at)
        end = at + length
        time_delta, at = decode_varint(data, at + 1)  # a byte of attributes says nothing
        offset_delta, at = decode_varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        count, at = decode_varint(data, at)
        headers: list[tuple[str, Any]] = []
        for _ in range(count):
            name, at = _bytes(data, at)
            text, at = _bytes(data, at)
            headers.append(((name or b"").decode(errors="surrogateescape"), text))
        if at != end or end > len(data):
            raise CorruptRecordException(f"a record of the batch at offset {batch.base_offset} has another length")
        timestamp = batch.first_timestamp + time_delta if stamped is None else stamped
        yield _Walked(batch.base_offset + offset_delta, timestamp, key, value, headers, batch.timestamp_type)


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(data, at)
    return (None, at) if length < 0 else (data[at : at + length], at + length)
