"""Records of files as a log would hold them: partitioned, numbered, in the order in which they were recorded.

Held in columns (about 100 bytes a record beside its value), because a file of a million lines is an ordinary one.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from detector.domain.record import Record
from detector.errors import CONFIG, DetectorError
from detector.files.bad_line import BadLine
from detector.files.instant import rfc3339

Headers = Sequence[tuple[str, bytes]]


class End(msgspec.Struct, frozen=True):
    """Where a worker stood in a partition when its log was exported.

    `clock` is its clock, epoch ms, None where no worker had been; until `quiet_until` it published nothing.
    """

    clock: int | None = None
    quiet_until: int | None = None


class Sent(msgspec.Struct, frozen=True, gc=False):
    """One record on its way to a topic-partition; `timestamp` is its record time in epoch ms."""

    topic: str
    partition: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Columns:
    """What the lines said, in the order given; readers append to it. Index = number of the record, from 0."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.topic_numbers = array("I")
        self.timestamps = array("q")
        self.keys: list[bytes | None] = []
        self.values: list[bytes | None] = []
        self.headers: dict[int, Headers] = {}
        self.lines = array("I")
        self.files: list[tuple[int, Path]] = []
        self.bad: list[BadLine] = []
        self._numbers: dict[str, int] = {}

    def open_file(self, path: Path) -> None:
        """Say that the records to come are of this file."""
        self.files.append((len(self.values), path))

    def topic_number(self, topic: str) -> int:
        """Give the number under which a topic stands here."""
        number = self._numbers.get(topic)
        if number is None:
            number = self._numbers[topic] = len(self.topics)
            self.topics.append(topic)
        return number

    def append(self, topic: int, timestamp: int, key: bytes | None, value: bytes | None, line: int) -> int:
        """Add a record of the open file and give its index."""
        self.topic_numbers.append(topic)
        self.timestamps.append(timestamp)
        self.keys.append(key)
        self.values.append(value)
        self.lines.append(line)
        return len(self.values) - 1

    def place(self, index: int) -> tuple[Path, int]:
        """Give the file and line a record stands on."""
        file = bisect_right(self.files, index, key=lambda entry: entry[0]) - 1
        return self.files[file][1], self.lines[index]

    def refuse_later(self, until: int) -> None:
        """Raise DetectorError (78) where a record is later than `until` (epoch ms), naming the latest."""
        times = self.timestamps
        index = max(range(len(times)), key=times.__getitem__, default=None)
        if index is not None and times[index] > until:
            file, line = self.place(index)
            what = f"--until {rfc3339(until)} is before the last event ({rfc3339(times[index])}, {file}:{line})"
            raise DetectorError(f"{what} — name a later time", CONFIG)


class Run:
    """The records of one topic-partition in the order of their offsets."""

    def __init__(self, columns: Columns, indexes: "array[int]", offsets: "array[int]") -> None:
        self._columns = columns
        self._indexes = indexes
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._indexes)

    def records(self, start: int, end: int) -> list[Record]:
        """Make the records from the `start`-th to before the `end`-th, counted from 0."""
        columns = self._columns
        keys, values, times, headers = columns.keys, columns.values, columns.timestamps, columns.headers
        return [
            Record(offset, times[index], keys[index], values[index], headers.get(index, ()))
            for offset, index in zip(self._offsets[start:end], self._indexes[start:end], strict=True)
        ]

    def place(self, offset: int) -> tuple[Path, int]:
        """Give the file and line of the record at an offset that is in this run."""
        return self._columns.place(self._indexes[bisect_left(self._offsets, offset)])


class Log:
    """The records of files, laid out over `partitions` partitions, beside the bad lines.

    `exported` tells whether positions are those of a real log (then `ends` holds every partition) or made up here.
    """

    def __init__(
        self,
        columns: Columns,
        numbers: Sequence[int],
        offsets: Sequence[int],
        order: Sequence[int],
        ends: Sequence[End],
        *,
        exported: bool,
    ) -> None:
        """Lay out the columns: by index the partition and the offset; `order` gives the indexes by record time.

        Within a topic-partition `order` must follow the offsets. `ends` has one entry a partition.
        """
        self.ends = ends
        self.exported = exported
        self._columns = columns
        self._numbers = numbers
        self._order = order
        indexes: dict[tuple[int, int], array[int]] = defaultdict(lambda: array("I"))
        for index in order:
            indexes[numbers[index], columns.topic_numbers[index]].append(index)
        self._runs: dict[int, dict[str, Run]] = {number: {} for number in range(len(ends))}
        for (number, topic), run in indexes.items():
            self._runs[number][columns.topics[topic]] = Run(columns, run, array("q", map(offsets.__getitem__, run)))

    def __len__(self) -> int:
        return len(self._order)

    @property
    def partitions(self) -> int:
        """Count the partitions."""
        return len(self.ends)

    @property
    def topics(self) -> list[str]:
        """Name the topics that have records, in alphabetical order."""
        return sorted({topic for runs in self._runs.values() for topic in runs})

    @property
    def bad(self) -> list[BadLine]:
        """List the bad lines, in the order given."""
        return self._columns.bad

    @property
    def files(self) -> list[Path]:
        """List the files, in the order given."""
        return [path for _, path in self._columns.files]

    def runs(self, partition: int) -> dict[str, Run]:
        """Give the records of a partition by topic; a topic without any is missing."""
        return self._runs[partition]

    def refuse_later(self, until: int) -> None:
        """Raise DetectorError (78) as the columns do."""
        self._columns.refuse_later(until)

    def in_order(self) -> Iterator[Sent]:
        """Give every record in the order of record time; a topic-partition keeps the order of its offsets."""
        columns, numbers = self._columns, self._numbers
        topics, topic_numbers, times = columns.topics, columns.topic_numbers, columns.timestamps
        for index in self._order:
            yield Sent(
                topics[topic_numbers[index]],
                numbers[index],
                times[index],
                columns.keys[index],
                columns.values[index],
                columns.headers.get(index, ()),
            )
