"""The merge of the in-topics and the clock: who waits for whom, in which order records are applied, how time passes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from detector.domain.events import Event, FeedHeartbeat, IncidentOpened, OwnerIntroduced, UsageRecorded
from detector.domain.partition import CLOCK_SOURCE, Partition, RecordTime
from detector.domain.record import RECORD_TIMES_END, RawRecord, Record, Reject
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Log, Row, Story, World, log_of

TOPICS = ("crm", "support", "usage")


class Seen:
    """A partition that notes the order in which records are applied: `topic:offset`."""

    def __init__(
        self, log: Log, record_time: RecordTime = "create", topics: Sequence[str] = TOPICS, **options: Any
    ) -> None:
        self.log, self.order = log, list[str]()

        def decode(record: RawRecord, topic: str) -> Event | Reject:
            self.order.append(f"{topic}:{record.offset}")
            return log.decode(record, topic)

        self.partition = Partition(
            0,
            plan=PLAN,
            topics=tuple(topics),
            decode=decode,
            store={},
            record_time=record_time,
            **options,
        )

    def offer(self, topic: str) -> None:
        self.partition.offer(topic, self.log.records[topic])


def rows(*times: tuple[str, int]) -> list[Row]:
    return [
        (T0 + at, topic, OwnerIntroduced(event_id=f"{topic}{at}", account_id="acme", occurred_at=T0 + at, owner_id="o"))
        for topic, at in times
    ]


def clock_row(topic: str, at: int) -> Row:
    return (
        T0 + at,
        topic,
        FeedHeartbeat(event_id=f"c{topic}", account_id="_feed", occurred_at=T0 + at, source=CLOCK_SOURCE),
    )


def test_records_are_applied_by_effective_time_then_topic_then_offset() -> None:
    seen = Seen(log_of(rows(("usage", 5), ("usage", 3), ("crm", 4), ("crm", 5), ("crm", 6), ("support", 5))))
    for topic in TOPICS:
        seen.offer(topic)
    assert seen.partition.advance(TOPICS) == 6
    # usage:1 has the record time 3 but the effective time 5, that of the record before it
    assert seen.order == ["crm:0", "crm:1", "support:0", "usage:0", "usage:1", "crm:2"]


def test_a_topic_without_a_head_holds_the_others_back_unless_it_has_ended() -> None:
    seen = Seen(log_of(rows(("usage", 5), ("crm", 4), ("crm", 5), ("crm", 6)), TOPICS))
    seen.offer("crm")
    seen.offer("usage")
    assert seen.partition.advance(()) == 0
    assert seen.partition.queued("crm") == 3
    assert seen.partition.advance({"support"}) == 3  # up to where usage stands: crm:2 may be behind a usage record of 5
    assert seen.order == ["crm:0", "crm:1", "usage:0"]
    assert seen.partition.advance({"support", "usage"}) == 1
    assert seen.partition.clock == T0 + 6


def test_the_time_of_a_topic_s_last_record_lets_earlier_topics_pass() -> None:
    """A record that is still to come is not earlier than the last of its topic; of equals the topic's name decides."""
    seen = Seen(log_of(rows(("crm", 5), ("usage", 4), ("usage", 5), ("support", 5), ("support", 6)), TOPICS))
    for topic in TOPICS:
        seen.offer(topic)
    seen.partition.advance(())
    assert seen.order == ["usage:0", "crm:0"]  # support:0 might follow another crm record of 5
    seen.partition.advance({"crm"})
    assert seen.order == ["usage:0", "crm:0", "support:0", "usage:1"]


def test_only_topics_that_it_waits_for_hold_back() -> None:
    seen = Seen(log_of(rows(("crm", 4)), (*TOPICS, "control")), topics=(*TOPICS, "control"), waits_for=("crm",))
    seen.offer("crm")
    assert seen.partition.advance(()) == 1


def test_an_import_ends_when_the_clock_was_set_on_every_topic() -> None:
    ends = [clock_row(topic, 40 * MINUTE) for topic in TOPICS]
    incident = Story(topic="support")(0, IncidentOpened, incident_id="i", severity="major").rows
    seen = Seen(log_of([*rows(("crm", 1)), *incident, *ends], TOPICS))
    for topic in ("crm", "support"):
        seen.offer(topic)
    assert seen.partition.advance(()) == 0
    seen.offer("usage")
    assert seen.partition.advance(()) == 5 + 1  # records, and a deadline
    assert seen.partition.clock == T0 + 40 * MINUTE
    changes = seen.partition.collect()
    assert changes is not None
    assert [alert.detected_at for alert in changes.alerts] == ["2026-01-05T00:30:00.000Z"]
    assert changes.positions == {"crm": 2, "support": 2, "usage": 1}


def test_a_closed_topic_that_goes_on_is_waited_for_again() -> None:
    log = log_of(
        [clock_row("crm", HOUR), clock_row("support", HOUR), *rows(("usage", HOUR), ("usage", 2 * HOUR))], TOPICS
    )
    seen = Seen(log)
    for topic in TOPICS:
        seen.offer(topic)
    seen.partition.advance(())
    assert seen.order == ["crm:0", "support:0", "usage:0"]


def test_what_was_closed_is_known_after_a_restart() -> None:
    log = log_of([clock_row("crm", HOUR), clock_row("support", HOUR), *rows(("usage", HOUR), ("usage", HOUR))], TOPICS)
    world = World(log, record_time="create")
    world.offer_rest()
    assert world.partition.advance((), 3) == 3
    world.collect()
    world.restart()
    world.offer_rest()
    assert world.partition.advance(()) == 1


def test_a_heartbeat_of_a_feed_is_applied_and_makes_no_account() -> None:
    beat = FeedHeartbeat(event_id="b", account_id="_feed", occurred_at=T0, source="zendesk")
    world = World(log_of([(T0, "crm", beat)])).play()
    assert set(world.store) == {b"p"}
    assert world.changes[0].tally.applied == {"crm": 1}


def test_records_that_were_applied_are_skipped_when_they_are_offered_again() -> None:
    log = log_of(rows(("crm", 1), ("crm", 2), ("crm", 3)))
    seen = Seen(log, topics=("crm",))
    seen.partition.offer("crm", log.records["crm"][:2])
    seen.partition.advance({"crm"})
    seen.partition.offer("crm", log.records["crm"][:2])
    seen.partition.offer("crm", log.records["crm"])
    seen.partition.advance({"crm"})
    assert seen.order == ["crm:0", "crm:1", "crm:2"]
    seen.partition.offer("crm", [])
    assert seen.partition.queued("crm") == 0


def test_an_idle_partition_s_clock_follows_the_broker_s_five_seconds_behind() -> None:
    story = Story()(0, IncidentOpened, incident_id="i", severity="major")
    world = World(story.log()).play()
    world.partition.tick(T0 + 32 * MINUTE + 5_000)
    assert world.partition.clock == T0 + 32 * MINUTE
    world.collect()
    assert world.alerts == []  # the grace has not passed
    world.partition.tick(T0 + 32 * MINUTE + 5_001)
    world.collect()
    assert world.said() == [("2026-01-05T00:30:00.000Z", "opened", "critical", "i")]
    world.partition.tick(T0)
    assert world.partition.clock == T0 + 32 * MINUTE + 1


def test_an_import_does_not_listen_to_the_broker_s_clock() -> None:
    world = World(Story()(0, UsageRecorded).log(), record_time="create").play()
    world.partition.tick(T0 + DAY)
    assert world.partition.clock == T0


def test_deadlines_fire_by_due_time_then_tenant_then_account() -> None:
    stories = [
        Story(account, tenant)(at, IncidentOpened, incident_id=incident, severity="minor")
        for account, tenant, at, incident in (
            ("b", "one", 0, "i2"), ("a", "two", 0, "i1"), ("c", "one", 0, "i1"), ("b", "one", 0, "i1"),
            ("z", "two", -1, "i1"),
        )
    ]  # fmt: skip
    for number, story in enumerate(stories):
        story.rows = [(at, topic, _renamed(event, f"e{number}")) for at, topic, event in story.rows]
    world = World(log_of(sorted((row for story in stories for row in story.rows), key=lambda row: row[0]))).play(
        T0 + HOUR
    )
    assert [(a.tenant_id, a.account_id, a.subject.id) for a in world.alerts] == [
        ("two", "z", "i1"), ("one", "b", "i1"), ("one", "b", "i2"), ("one", "c", "i1"), ("two", "a", "i1"),
    ]  # fmt: skip


def _renamed(event: Event | Reject, event_id: str) -> Event | Reject:
    assert isinstance(event, IncidentOpened)
    event.event_id = event_id
    return event


def test_an_unreadable_record_is_a_dead_letter_and_of_an_unknown_type_only_ten_a_day() -> None:
    bad = [(T0 + n, "crm", Reject("schema", "x")) for n in range(3)]
    unknown = [(T0 + HOUR + n, "crm", Reject("unknown_type", "x", "crm", "thing.done")) for n in range(12)]
    tomorrow = [(T0 + DAY + n, "crm", Reject("unknown_type", "x", "crm", "thing.done")) for n in range(12)]
    world = World(log_of([*bad, *unknown, *tomorrow])).play()
    dead = world.changes[0].dead_letters
    assert [letter.record.offset for letter in dead] == [*range(13), *range(15, 25)]
    assert {letter.partition for letter in dead} == {3}
    assert world.changes[0].tally.rejected == {("crm", "schema"): 3, ("crm", "unknown_type"): 24}


def test_invented_types_do_not_swell_the_partition_s_record() -> None:
    world = World(
        log_of([(T0 + n, "crm", Reject("unknown_type", "x", "s" * 128, f"t{n}")) for n in range(1_000)])
    ).play()
    assert len(world.changes[0].dead_letters) == 256 + 10
    assert len(world.store[b"p"]) < 64 * 1024


def test_records_at_the_bounds_of_a_limit_are_all_applied() -> None:
    log = log_of(rows(*(("crm", n) for n in range(7))))
    for limit in range(1, 9):
        seen = Seen(log, topics=("crm",))
        for start in range(0, 7, 3):
            seen.partition.offer("crm", log.records["crm"][start : start + 3])
        done = []
        while work := seen.partition.advance({"crm"}, limit):
            done.append(work)
        assert sum(done) == 7
        assert max(done) <= limit


def test_the_limit_counts_deadlines_and_stops_between_their_due_times() -> None:
    story = Story()
    for number in range(5):
        story(number * MINUTE, IncidentOpened, incident_id=f"i{number}", severity="minor")
    story(DAY, UsageRecorded)
    world = World(story.log())
    world.offer_rest()
    assert world.partition.advance({"crm"}, 5) == 5
    told = [0]
    while world.partition.advance({"crm"}, 2):
        world.collect()
        told.append(len(world.alerts))
        world.restart()
        world.offer_rest()
    assert all(later - earlier <= 2 for earlier, later in pairwise(told))
    assert told[-1] == 5
    assert World(story.log()).play().alert_bytes == world.alert_bytes


def test_positions_of_an_unknown_topic_are_kept_as_they_are() -> None:
    world = World(Story()(0, UsageRecorded).log()).play()
    world.log = Log({"other": []})
    world.restart()
    assert world.partition.positions == {"crm": 1}


def test_a_plain_record_is_a_raw_record() -> None:
    record: RawRecord = Record(1, 2, b"k", None)
    assert (record.offset, record.timestamp, record.key, record.value, record.headers) == (1, 2, b"k", None, ())


@pytest.mark.parametrize("record_time", ["create", "log_append"])
def test_a_record_time_from_2100_on_moves_no_time_and_fires_nothing(record_time: RecordTime) -> None:
    beyond: Row = (RECORD_TIMES_END, "usage", Reject("timestamp_out_of_range", "the year 2100"))
    log = log_of([*rows(("usage", 5)), beyond, *rows(("usage", 7), ("crm", 6))], TOPICS)
    seen = Seen(log, record_time)
    for topic in TOPICS:
        seen.offer(topic)
    assert seen.partition.advance(TOPICS) == 4
    assert seen.order == ["usage:0", "usage:1", "crm:0", "usage:2"]
    assert seen.partition.clock == T0 + 7
    changes = seen.partition.collect()
    assert changes is not None
    assert [dead.record.timestamp for dead in changes.dead_letters] == [RECORD_TIMES_END]


def test_a_topic_with_another_id_is_read_from_its_beginning() -> None:
    """It was deleted and made anew: offsets count from 0 again, and what is there is not what was applied."""
    log, store = log_of(rows(("usage", 1), ("usage", 2), ("crm", 3))), dict[bytes, bytes]()

    def started(**topic_ids: str) -> Partition:
        partition = Partition(
            0, plan=PLAN, topics=TOPICS, decode=log.decode, store=store, record_time="create", topic_ids=topic_ids
        )
        partition.restore()
        return partition

    first = started(usage="old", crm="same")
    for topic in ("crm", "usage"):
        first.offer(topic, log.records[topic])
    first.advance(TOPICS)
    changes = first.collect(force=True)
    assert changes is not None
    store.update({key: value for key, value in changes.states if value is not None})
    assert started().positions == started(usage="old").positions == {"usage": 2, "crm": 1}
    assert started(usage="new", crm="same").positions == {"crm": 1}
