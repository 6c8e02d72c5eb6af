"""An export: one line a record of a real log, then one line a partition that says where its worker stood."""

import base64
import binascii
from array import array
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, cast

import msgspec
from msgspec import UNSET, UnsetType

from detector.domain.record import RawRecord
from detector.errors import CONFIG, IO, DetectorError
from detector.files.bad_line import BadLine, judge_record
from detector.files.instant import LATEST, OUT_OF_RANGE
from detector.files.log import Columns, End, Log

PARTITIONS: Final = 100_000
"""More than any topic has; a line that names a higher partition is damaged."""


class Line(msgspec.Struct, gc=False):
    """A record's line (with `topic`) or a partition's end (with `clock`)."""

    partition: int
    topic: str | UnsetType = UNSET
    offset: int = -1
    timestamp: int = -1
    headers: list[tuple[str, str | None]] = []
    headers_b64: list[tuple[str, str | None]] = []
    key: str | UnsetType | None = UNSET
    key_b64: str | UnsetType = UNSET
    value: str | UnsetType | None = UNSET
    value_b64: str | UnsetType = UNSET
    clock: int | UnsetType | None = UNSET
    quiet_until: int | None = None


def encode_record(topic: str, partition: int, record: RawRecord) -> bytes:
    """Write a record as a line, without its line break: text where names, key and value are UTF-8, else base64."""
    line: dict[str, object] = {
        "topic": topic,
        "partition": partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "headers": [(name, _coded(value)) for name, value in record.headers],
    }
    try:
        for name, _ in record.headers:
            name.encode()
    except UnicodeEncodeError:
        del line["headers"]
        names = [(name.encode(errors="surrogateescape"), value) for name, value in record.headers]
        line["headers_b64"] = [(_coded(name), _coded(value)) for name, value in names]
    for name, data in (("key", record.key), ("value", record.value)):
        try:
            line[name] = None if data is None else data.decode()
        except UnicodeDecodeError:
            line[f"{name}_b64"] = _coded(data)
    return msgspec.json.encode(line)


def encode_end(partition: int, end: End) -> bytes:
    """Write where a partition's worker stood, as the last lines of an export say it."""
    return msgspec.json.encode({"partition": partition, "clock": end.clock, "quiet_until": end.quiet_until})


class ExportReader:
    """Reads lines of exports into columns; several files may be parts of one export."""

    def __init__(self) -> None:
        self.columns = Columns()
        self._numbers = array("I")
        self._offsets = array("q")
        self._ends: dict[int, End] = {}
        self._keys: dict[bytes, bytes] = {}
        self._decode = msgspec.json.Decoder(Line).decode

    def read(self, lines: Iterable[tuple[int, bytes]]) -> None:
        """Add the records and ends of the open file; bad lines are put aside."""
        for number, text in lines:
            try:
                self._add(number, self._decode(text))
            except _OutOfRangeError:
                self._put_aside(number, text, *OUT_OF_RANGE)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _DamagedLineError) as error:
                self._put_aside(number, text, *judge_record(text, str(error)))

    def _put_aside(self, number: int, line: bytes, reason: str, detail: str) -> None:
        self.columns.bad.append(BadLine(self.columns.files[-1][1], number, reason, detail, line))

    def _add(self, number: int, line: Line) -> None:
        if not 0 <= line.partition < PARTITIONS:
            raise _DamagedLineError(f"partition {line.partition} cannot be")
        if line.topic is UNSET:
            if line.clock is UNSET:
                raise _DamagedLineError("neither a record (topic, offset) nor a partition's end (clock)")
            if line.clock is not None and line.clock > LATEST:
                raise _OutOfRangeError
            self._ends[line.partition] = End(line.clock, line.quiet_until)
            return
        if not 0 <= line.offset < 1 << 63 or line.timestamp < 0:
            raise _DamagedLineError("offset and timestamp (epoch milliseconds) are needed")
        if line.timestamp > LATEST:
            raise _OutOfRangeError
        key = _bytes("key", line.key, line.key_b64)
        if key is not None:
            key = self._keys.setdefault(key, key)
        value = _bytes("value", line.value, line.value_b64)
        headers = tuple((name, _plain(coded)) for name, coded in line.headers)
        headers += tuple((_plain(n).decode(errors="surrogateescape"), _plain(coded)) for n, coded in line.headers_b64)
        index = self.columns.append(self.columns.topic_number(line.topic), line.timestamp, key, value, number)
        if headers:
            self.columns.headers[index] = headers
        self._numbers.append(line.partition)
        self._offsets.append(line.offset)

    def topics(self) -> list[str]:
        """Name the topics of what was read, in alphabetical order."""
        return sorted(self.columns.topics)

    def log(self, partitions: int | None = None) -> Log:
        """Lay out what was read as the log it came from.

        Across topics a record stands at its effective time (the running maximum of its topic-partition), then by topic,
        partition and offset. Raises DetectorError for an export without its end, or with a record twice (74), or where
        another count of `partitions` is asked for (78).
        """
        count = max((*self._numbers, *self._ends), default=-1) + 1
        if missing := sorted(set(range(count)) - self._ends.keys()):
            file = self.columns.files[-1][1]
            raise DetectorError(f"{file}: the end line of partition {missing[0]} is missing — export it again", IO)
        if partitions not in (None, count):
            what = f"the export has {count} partitions, {partitions} are asked for"
            raise DetectorError(f"{what} — an export keeps its partitions: use {count}", CONFIG)
        columns, numbers, offsets = self.columns, self._numbers, self._offsets
        topics, topic_numbers = columns.topics, columns.topic_numbers
        order = sorted(range(len(numbers)), key=lambda i: (topics[topic_numbers[i]], numbers[i], offsets[i]))
        effective = array("q", columns.timestamps)
        for before, index in pairwise(order):
            if numbers[before] == numbers[index] and topic_numbers[before] == topic_numbers[index]:
                if offsets[before] == offsets[index]:
                    self._refuse_twice(index)
                effective[index] = max(effective[index], effective[before])
        order.sort(key=effective.__getitem__)
        ends = [self._ends[number] for number in range(count)]
        return Log(columns, numbers, offsets, array("I", order), ends, exported=True)

    def _refuse_twice(self, index: int) -> None:
        file, line = self.columns.place(index)
        topic = self.columns.topics[self.columns.topic_numbers[index]]
        where = f"{topic}/{self._numbers[index]} offset {self._offsets[index]}"
        raise DetectorError(f"{file}:{line}: {where} stands twice — name every part of an export once", IO)


def is_export(lines: Iterable[tuple[int, bytes]]) -> bool:
    """Tell an export from bare events by the first line that is an object."""
    for _, text in lines:
        try:
            found = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(found, dict):
            return "event_type" not in found and "partition" in found and ("topic" in found or "clock" in found)
    return False


class _DamagedLineError(Exception):
    """A line that is JSON and no line of an export; the message says why."""


class _OutOfRangeError(Exception):
    """A line of an export with a record time or a clock that no log has."""


def _coded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _plain(coded: str | None) -> bytes:
    if coded is None:
        return cast("bytes", None)  # a header without a value: clients give None, and so do we
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise _DamagedLineError("base64 is expected in headers, key_b64 and value_b64") from None


def _bytes(name: str, text: str | UnsetType | None, coded: str | UnsetType) -> bytes | None:
    if coded is not UNSET:
        return _plain(coded)
    if text is UNSET:
        raise _DamagedLineError(f"{name} or {name}_b64 is needed")
    return None if text is None else text.encode()
