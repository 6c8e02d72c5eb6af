"""Bare events: a line is an event as it would be a record's value; topic, record time and partition follow from it."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from detector.codec import partition_of
from detector.files.bad_line import BadLine, judge_event
from detector.files.instant import LATEST, OUT_OF_RANGE, Instant, milliseconds
from detector.files.log import Columns, End, Log

LARGEST: Final = 256 << 10
"""Bytes of an event; more would not fit into every topic, and is `too_large` to the decoder anyway."""


class Heading(msgspec.Struct, gc=False):
    """What places an event in a log; the rest of it is the decoder's affair."""

    event_type: str
    account_id: str
    occurred_at: Instant
    source: str = "unknown"
    record_time: Instant | None = msgspec.field(name="_record_time", default=None)


class BareReader:
    """Reads lines of bare events into columns, `topic_of` naming the topic of each event type.

    A heartbeat, and a type nobody knows, goes to the topic of its source's other events: the one with most of them; the
    first of `topic_of` if there are none. So the topic of such an event is known when all files are read.
    """

    def __init__(self, topic_of: Mapping[str, str]) -> None:
        self.columns = Columns()
        self._default = next(iter(topic_of.values()))
        self._topic_of = {kind: self.columns.topic_number(topic) for kind, topic in topic_of.items()}
        self._counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._placeless: list[tuple[int, str]] = []
        self._keys: dict[str, bytes] = {}
        self._decode = msgspec.json.Decoder(Heading).decode

    def read(self, lines: Iterable[tuple[int, bytes]]) -> None:
        """Add the events of the open file; bad lines are put aside."""
        columns, keys = self.columns, self._keys
        for number, line in lines:
            try:
                heading = self._decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                self._put_aside(number, line, *judge_event(line, str(error)))
                continue
            time = milliseconds(heading.occurred_at if heading.record_time is None else heading.record_time)
            if not 0 <= time <= LATEST:
                self._put_aside(number, line, *OUT_OF_RANGE)
                continue
            if len(line) > LARGEST:
                self._put_aside(number, line, "too_large", f"{len(line)} bytes, {LARGEST} are allowed")
                continue
            key = keys.get(heading.account_id)
            if key is None:
                key = keys[heading.account_id] = heading.account_id.encode()
            topic = self._topic_of.get(heading.event_type)
            if topic is None:
                index = columns.append(0, time, key, line, number)
                self._placeless.append((index, heading.source))
            else:
                columns.append(topic, time, key, line, number)
                self._counts[heading.source][topic] += 1

    def _put_aside(self, number: int, line: bytes, reason: str, detail: str) -> None:
        self.columns.bad.append(BadLine(self.columns.files[-1][1], number, reason, detail, line))

    def topics(self) -> list[str]:
        """Name the topics of what was read, in alphabetical order."""
        columns, default = self.columns, self.columns.topic_number(self._default)
        for index, source in self._placeless:
            counts = self._counts.get(source)
            columns.topic_numbers[index] = max(counts, key=lambda n: (counts[n], -n)) if counts else default
        return sorted(columns.topics[number] for number in set(columns.topic_numbers))

    def log(self, partitions: int | None = None) -> Log:
        """Lay out what was read over so many partitions (1): by the key, in the order of record time, then as given."""
        partitions = partitions or 1
        self.topics()  # places what was not placed yet
        columns = self.columns
        numbers = array("I", (partition_of(key or b"", partitions) for key in columns.keys))
        order = array("I", sorted(range(len(numbers)), key=columns.timestamps.__getitem__))
        offsets = array("q", bytes(8 * len(numbers)))
        following: Counter[tuple[int, int]] = Counter()
        for index in order:
            place = columns.topic_numbers[index], numbers[index]
            offsets[index] = following[place]
            following[place] += 1
        return Log(columns, numbers, offsets, order, [End()] * partitions, exported=False)
