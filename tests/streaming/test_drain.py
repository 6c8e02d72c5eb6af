"""Taking whole batches out of the client gives what its own record by record way gives, and moves as far."""

import asyncio
import gc
import gzip
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from detector.record_batches import FetchedRecords, read_tolerantly
from detector.streaming.drain import drain

TP = TopicPartition("usage", 0)
ABORT = b"\x00\x00\x00\x00"
COMMIT = b"\x00\x00\x00\x01"


def record_batch(base: int, values: Iterable[bytes], *, producer: int = -1, codec: int = 0) -> bytes:
    """The bytes of a record batch as a broker sends them."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=int(producer >= 0),
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 20,
    )
    for at, value in enumerate(values):
        builder.append(at, timestamp=1_000 + at, key=b"k", value=value, headers=[("h", b"v")])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    return bytes(data)


def marker(base: int, key: bytes, producer: int) -> bytes:
    """A control batch: the end of a transaction."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, 0, 1 << 20)
    builder.append(0, timestamp=1_000, key=key, value=b"\x00\x00\x00\x00\x00\x00", headers=[])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    data[22] |= 0x20  # the attribute bit of control batches; it lies in what the checksum covers
    return bytes(data)


def result(*batches: bytes, position: int = 0, aborted: Iterable[tuple[int, int]] = (), checked: bool = False) -> Any:
    """What the client holds after a fetch at this position."""
    assignment = Assignment([TP])
    assignment.state_value(TP).seek(position)
    records = PartitionRecords(TP, MemoryRecords(b"".join(batches)), list(aborted), position, None, None, checked, 1)
    return FetchResult(TP, assignment=assignment, partition_records=records, backoff=0)


def taken(fetched: Any, limit: int = 1_000) -> tuple[list[tuple[int, bytes]], int]:
    """Offsets and values, and where reading goes on."""
    drained = drain(fetched, limit)
    assert drained is not None
    records, position = drained
    assert fetched._assignment.state_value(TP).position == position
    return [(record.offset, record.value) for record in records], position


def in_loop(scene: Any) -> Any:
    """The client's objects want a running loop."""

    async def main() -> Any:
        return scene()

    return asyncio.run(main())


MIXED = (
    record_batch(0, [b"a", b"b"]),
    record_batch(2, [b"gone", b"gone"], producer=7),
    record_batch(4, [b"c"], producer=8),
    marker(5, ABORT, 7),
    marker(6, COMMIT, 8),
    record_batch(7, [b"d"], producer=7),
    record_batch(20, [b"e", b"f"], codec=1),
)
EVERYTHING = [(0, b"a"), (1, b"b"), (4, b"c"), (7, b"d"), (20, b"e"), (21, b"f")]


@pytest.mark.parametrize("position", [0, 1, 2, 4, 7, 21])
def test_it_takes_what_the_client_itself_would_give(position: int) -> None:
    """Aborted transactions, markers, a hole of compaction, compression, a start inside a batch."""
    aborted = [(7, 2)]

    def scene() -> None:
        ours = result(*MIXED, position=position, aborted=aborted)
        theirs = result(*MIXED, position=position, aborted=aborted)
        expected = [(record.offset, record.value) for record in theirs.getall()]
        values, after = taken(ours)
        assert values == [(offset, value) for offset, value in EVERYTHING if offset >= position]
        assert expected[-len(values) :] == values  # the client forgets its place where a batch lies before it
        assert after == theirs._assignment.state_value(TP).position == 22
        assert not ours.has_more()

    in_loop(scene)


def test_records_have_all_that_is_asked_of_a_raw_record() -> None:
    def scene() -> None:
        drained = drain(result(record_batch(5, [b"a"]), position=5), 10)
        assert drained is not None
        (record,) = drained[0]
        assert (record.offset, record.timestamp, record.key, record.value) == (5, 1_000, b"k", b"a")
        assert list(record.headers) == [("h", b"v")]

    in_loop(scene)


def test_it_stops_at_whole_batches_and_goes_on_there() -> None:
    def scene() -> None:
        fetched = result(record_batch(0, [b"a", b"b"]), record_batch(2, [b"c"]), record_batch(3, [b"d"]))
        assert taken(fetched, limit=3) == ([(0, b"a"), (1, b"b"), (2, b"c")], 3)
        assert fetched.has_more()
        assert taken(fetched) == ([(3, b"d")], 4)

    in_loop(scene)


def test_a_paused_partition_is_drained_all_the_same() -> None:
    """The client would throw the records away and fetch them again."""

    def scene() -> None:
        fetched = result(record_batch(0, [b"a"]))
        fetched._assignment.state_value(TP).pause()
        assert taken(fetched) == ([(0, b"a")], 1)

    in_loop(scene)


def test_what_was_fetched_for_another_position_or_assignment_is_not_taken() -> None:
    def scene() -> None:
        fetched = result(record_batch(0, [b"a"]))
        fetched._assignment.state_value(TP).seek(5)
        assert drain(fetched, 10) is None
        assert not fetched.has_more()
        assert fetched._assignment.state_value(TP).position == 5
        gone = result(record_batch(0, [b"a"]))
        gone._assignment._unassign()
        assert drain(gone, 10) is None

    in_loop(scene)


def test_a_damaged_batch_is_an_error() -> None:
    def scene() -> None:
        data = bytearray(record_batch(0, [b"abc"]))
        data[-2] ^= 1
        with pytest.raises(CorruptRecordException):
            drain(result(bytes(data), checked=True), 10)

    in_loop(scene)


def unnamed(base: int, *, compressed: bool) -> bytes:
    """A batch of three records; the name of the second one's header is not UTF-8, as Kafka lets it be."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, 0, 0, 1 << 20)
    for at, headers in enumerate(([], [("h\x7f", b"v"), ("none", None)], [("h", b"v")])):
        builder.append(at, timestamp=1_000 + at, key=b"k", value=b"v" if at else None, headers=headers)
    data = bytearray(builder.build().replace(b"h\x7f", b"h\xff"))
    data[0:8] = base.to_bytes(8, "big")
    if compressed:
        data[61:] = gzip.compress(data[61:])
        data[8:12] = (len(data) - 12).to_bytes(4, "big")
        data[22] |= 1
    return bytes(data)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_whose_name_is_not_utf_8_is_read_as_it_is(compressed: bool) -> None:
    """aiokafka raises at it, at every start again: no worker would ever come past it."""
    data = record_batch(0, [b"a"]) + unnamed(5, compressed=compressed) + record_batch(8, [b"b"])

    def scene() -> None:
        fetched = result(data)
        fetched._partition_records._records = FetchedRecords(data)
        drained = drain(fetched, 100)
        assert drained is not None
        records, position = drained
        assert position == 9
        assert [record.offset for record in records] == [0, 5, 6, 7, 8]
        found = [(one.timestamp, one.key, one.value, one.headers) for one in records[1:3]]
        assert found == [(1_000, b"k", None, []), (1_001, b"k", b"v", [("h\udcff", b"v"), ("none", None)])]

    in_loop(scene)


def test_the_client_itself_reads_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export reads record by record."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    read_tolerantly()

    def scene() -> None:
        fetched = result()
        data = b"".join((*MIXED, unnamed(30, compressed=False)))
        part = PartitionRecords(TP, fetcher.MemoryRecords(data), [(7, 2)], 0, None, None, True, 1)
        part._check_crcs = False
        fetched._partition_records = part
        assert [record.offset for record in fetched.getall()] == [offset for offset, _ in EVERYTHING] + [30, 31, 32]

    in_loop(scene)


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_what_is_no_record_stays_an_error(cut: int) -> None:
    data = bytearray(unnamed(0, compressed=False)[:-cut])
    data[8:12] = (len(data) - 12).to_bytes(4, "big")
    with pytest.raises(CorruptRecordException):
        list(FetchedRecords(bytes(data)).next_batch())


def test_what_was_drained_is_gone_without_a_search_for_garbage() -> None:
    """aiokafka's unstarted iterator holds what it would read from: with large records memory filled up."""

    def scene() -> tuple[Any, Any]:
        fetched, stale = result(*MIXED), result(*MIXED, position=2)
        held = weakref.ref(fetched._partition_records), weakref.ref(stale._partition_records)
        drain(fetched, 1_000)
        stale._assignment.state_value(TP).seek(7)
        assert drain(stale, 1_000) is None
        return held

    gc.disable()
    try:
        assert [held() for held in in_loop(scene)] == [None, None]
    finally:
        gc.enable()
