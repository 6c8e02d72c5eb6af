"""Compressed batches are unpacked within a bound; of one beyond it, or of none, only the offsets are read."""

import struct
from typing import Any

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from detector import unpacking
from detector.codec import encode_dead_letter
from detector.domain.record import DeadLetter, Record, Unread
from detector.record_batches import FetchedRecords, read_tolerantly
from detector.unpacking import LARGEST
from tests.codec.records import NOW, reject_of

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MIB = 1 << 20


@pytest.fixture(autouse=True)
def bounded() -> None:
    read_tolerantly()


def packed(codec: str, *sizes: int, offset: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2, CODECS[codec], is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=1 << 30
    )
    for number, size in enumerate(sizes):
        builder.append(number, timestamp=NOW, key=b"acme", value=b"x" * size, headers=[])
    data = bytearray(builder.build())
    data[:8] = struct.pack(">q", offset)
    return bytes(data)


def records(data: bytes) -> list[Any]:
    return list(FetchedRecords(data).next_batch())


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_within_the_bound_is_read_as_ever(codec: str) -> None:
    read = records(packed(codec, 10, LARGEST // 2, 5, offset=7))
    assert [(record.offset, len(record.value)) for record in read] == [(7, 10), (8, LARGEST // 2), (9, 5)]


@pytest.mark.parametrize("codec", CODECS)
def test_of_a_batch_beyond_the_bound_every_offset_is_told_and_nothing_of_it_is_kept(codec: str) -> None:
    read = records(packed(codec, 10, LARGEST, 5, offset=7))
    assert [(record.offset, record.timestamp, record.key, record.headers) for record in read] == [
        (offset, NOW, None, []) for offset in (7, 8, 9)
    ]
    reject = reject_of(read[0])
    assert (reject.code, reject.detail) == ("too_large", "its batch does not unpack within 16 MiB")
    key, value, headers = encode_dead_letter(DeadLetter("usage.events.v1", 3, read[0], reject))
    assert (key, value, len(headers)) == (None, None, 7)
    assert dict(headers)["dlq.detail"].startswith(b"left out, see the original at dlq.offset: all of it; its batch")


@pytest.mark.parametrize("codec", CODECS)
def test_what_says_it_is_compressed_and_is_not_is_told_too(codec: str) -> None:
    data = bytearray(packed(codec, 1_000))
    data[61:] = b"\xff" * (len(data) - 61)
    assert [type(record.value) for record in records(bytes(data))] == [Unread]


def test_snappy_is_read_in_the_framing_of_java_s_client_as_well() -> None:
    block = bytes(cramjam.snappy.compress_raw(b"x" * MIB))
    framed = b"\x82SNAPPY\0" + struct.pack("!ii", 1, 1) + (struct.pack("!i", len(block)) + block) * 3
    assert unpacking._snappy(framed) == b"x" * 3 * MIB
    many = framed[:16] + (struct.pack("!i", len(block)) + block) * (LARGEST // MIB + 1)
    with pytest.raises(unpacking.NotUnpackedError):
        unpacking._snappy(many)


def test_what_is_kept_of_an_unread_value_is_not_taken_for_a_value() -> None:
    raw = Record(1, NOW, b"acme", Unread(b'{"event_id":"e"}'))
    assert reject_of(raw).code == "too_large"
