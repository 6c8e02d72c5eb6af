"""After a timeline of every rule a year of silence: in one jump of the clock or tick by tick, it is the same year."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import msgspec
import pytest

from detector.backtest.core import core_of
from detector.backtest.replay import Partition, Seat
from detector.catalogue.pack import load_examples, load_plan
from detector.domain.events import TOPIC_OF
from detector.domain.record import Record
from schemas.topics import CRM, IN_TOPICS

HOUR = 3_600_000
DAY = 24 * HOUR
CORE = core_of(load_plan())
TIMELINES = tuple(next(iter(timelines)) for timelines in load_examples().values())
END = max(timeline.until_ms for timeline in TIMELINES) + 366 * DAY


class Told(NamedTuple):
    """What came of a replay: alerts and snapshots in the order published, and the state it ended in."""

    alerts: list[bytes | None]
    health: list[bytes | None]
    store: dict[bytes, bytes]


def log() -> dict[str, list[Record]]:
    """The first timeline of every rule, each an account, in the order of record time."""
    topics: dict[str, list[Record]] = defaultdict(list)
    events = chain.from_iterable(timeline.bare_events() for timeline in TIMELINES)
    for row in sorted(events, key=itemgetter("_record_time")):
        topic = topics[TOPIC_OF.get(row["event_type"], CRM)]
        topic.append(Record(len(topic), row["_record_time"], row["account_id"].encode(), msgspec.json.encode(row)))
    return topics


def live(steps: Iterable[int]) -> Told:
    """Take everything in, then move the clock to each of these instants, and collect at each."""
    told = Told([], [], {})
    partition = CORE.build(Seat(0, 1, IN_TOPICS, told.store, positions_known=False, quiet_until=None))
    for topic, records in log().items():
        partition.offer(topic, records)
    partition.advance(IN_TOPICS)
    collect(partition, told)
    for clock in steps:
        partition.run_to(clock)
        collect(partition, told)
    return told


def collect(partition: Partition, told: Told) -> None:
    changes = partition.collect()
    if changes is not None:
        told.alerts.extend(CORE.alert(alert)[1] for alert in changes.alerts)
        told.health.extend(CORE.health(health)[1] for health in changes.health)
        for key, state in changes.states:
            if state is None:
                told.store.pop(key, None)
            else:
                told.store[key] = state
        partition.committed()


@pytest.mark.no_cover  # the same without a clock that goes slowly is in tests/domain
def test_a_year_of_silence_in_one_jump_is_a_year_tick_by_tick() -> None:
    jump = live([END])
    last = max(record.timestamp for records in log().values() for record in records)
    ticks = live([*range(last, END, 31 * HOUR), END])
    assert ticks.alerts == jump.alerts
    assert ticks.health == jump.health
    assert ticks.store == jump.store
    assert len(jump.alerts) > len(TIMELINES)
