"""Laws of the whole: what must hold of any log, whatever the rules say."""

from collections.abc import Iterator, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.domain.events import ContentSent
from detector.domain.operators.once import Once
from detector.domain.state import (
    decode_account_record,
    decode_partition_record,
    encode_record,
)
from detector.domain.verdict import GRACE_MS
from tests.domain.good_news import good_news
from tests.domain.kept import facts_of
from tests.domain.streams import IDS, NAUGHTY, TOPICS, TYPES, rows
from tests.domain.world import DAY, MINUTE, PLAN, T0, Row, World, log_of

bounded = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
END = 40 * DAY


def end_of(stream: Sequence[Row]) -> int:
    return stream[-1][0] + END


def replay(stream: Sequence[Row]) -> World:
    return World(log_of(stream)).play(end_of(stream))


@bounded
@given(rows())
def test_the_same_log_gives_the_same_bytes(stream: list[Row]) -> None:
    one, two = replay(stream), replay(stream)
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes
    assert one.store == two.store


@settings(bounded, max_examples=80)
@given(rows(types=TYPES, ids=(*IDS, *NAUGHTY), accounts=("acme", *NAUGHTY)))
def test_no_event_of_any_type_raises(stream: list[Row]) -> None:
    replay(stream)


@bounded
@given(rows(), st.data())
def test_a_restart_after_any_checkpoint_changes_nothing(stream: list[Row], data: st.DataObject) -> None:
    whole = replay(stream)
    cut = World(log_of(stream))
    left = data.draw(st.lists(st.integers(1, 25), max_size=6), "records between restarts")
    for limit in left:
        cut.offer_rest()
        cut.partition.advance(set(cut.log.records), limit)
        cut.collect()
        cut.restart()
    cut.play(end_of(stream))
    assert cut.alert_bytes == whole.alert_bytes
    assert cut.health_bytes == whole.health_bytes
    assert cut.store == whole.store


@bounded
@given(rows(), st.data())
def test_how_records_are_offered_and_limited_changes_nothing(stream: list[Row], data: st.DataObject) -> None:
    whole = replay(stream)
    log = log_of(stream)
    world = World(log)
    given_to = dict.fromkeys(log.records, 0)
    random = data.draw(st.randoms(use_true_random=False))
    while any(given_to[topic] < len(records) for topic, records in log.records.items()) or any(
        world.partition.queued(topic) for topic in log.records
    ):
        topic = random.choice(sorted(log.records))
        count = random.randrange(1, 9)
        world.partition.offer(topic, log.records[topic][given_to[topic] : given_to[topic] + count])
        given_to[topic] = min(len(log.records[topic]), given_to[topic] + count)
        ended = {topic for topic, records in log.records.items() if given_to[topic] == len(records)}
        world.partition.advance(ended, random.randrange(4))
        if random.random() < 0.3:
            world.collect()
    world.partition.run_to(end_of(stream), grace_passed=True)
    world.collect()
    assert world.alert_bytes == whole.alert_bytes
    assert world.health_bytes == whole.health_bytes
    assert world.store == whole.store


@bounded
@given(rows(), st.randoms(use_true_random=False))
def test_records_that_come_twice_change_nothing(stream: list[Row], random: Random) -> None:
    """A copy comes at once or up to 13 days of record time later."""
    once = [row for at, row in enumerate(stream) if row not in stream[:at]]
    copies = [(row[0] + random.choice((0, 0, MINUTE, DAY, 13 * DAY)), row[1], row[2]) for row in once]
    twice = sorted([*once, *copies], key=lambda row: row[0])
    one = World(log_of(once, TOPICS), bare=True).play(end_of(once))
    two = World(log_of(twice, TOPICS), bare=True).play(end_of(once))
    assert two.alert_bytes == one.alert_bytes
    assert states(two) == states(one)


def states(world: World) -> dict[bytes, bytes]:
    """The accounts, without the partition's own record."""
    return {key: value for key, value in world.store.items() if key != b"p"}


@pytest.mark.no_cover  # each lives through more than a year, or months of good news: slow where branches are counted
@settings(bounded, max_examples=20)
@given(rows(), st.data())
def test_a_big_jump_of_the_clock_is_many_small_ones(stream: list[Row], data: st.DataObject) -> None:
    """Silence of months, seen at once or tick by tick: the same alerts, the same snapshots, the same state."""
    whole, ticked = World(log_of(stream)), World(log_of(stream))
    for world in (whole, ticked):
        world.play()
    end = stream[-1][0] + 400 * DAY
    whole.partition.run_to(end)
    steps = data.draw(st.lists(st.integers(1, 90 * DAY), max_size=30), "ticks")
    for ahead in steps:
        ticked.partition.run_to(min(end, ticked.partition.clock + ahead))
        ticked.collect()
    ticked.partition.run_to(end)
    for world in (whole, ticked):
        world.collect()
    assert ticked.alert_bytes == whole.alert_bytes
    assert ticked.health_bytes == whole.health_bytes
    assert ticked.store == whole.store


@bounded
@given(rows(types=TYPES, ids=(*IDS, *NAUGHTY)))
def test_state_survives_its_codec(stream: list[Row]) -> None:
    for key, value in replay(stream).store.items():
        if key.startswith(b"a/"):
            assert encode_record(decode_account_record(value)) == value
        elif key == b"p":
            assert encode_record(decode_partition_record(value)) == value


@bounded
@given(rows(gaps=(0, 1, 1000, 5_000, 20_000), most=40), st.randoms(use_true_random=False))
def test_records_that_change_places_within_the_grace_leave_the_same_facts(stream: list[Row], random: Random) -> None:
    """The three topics are read at different speeds: their records meet in another order, none later than the grace."""
    moved = sorted(
        ((at + delays, topic, event) for (at, topic, event), delays in _delayed(stream, random)), key=lambda row: row[0]
    )
    one, two = replay(stream), World(log_of(moved)).play(end_of(stream))
    assert facts(two) == facts(one)


def _delayed(stream: list[Row], random: Random) -> Iterator[tuple[Row, int]]:
    delay = {topic: random.randrange(GRACE_MS) for topic in TOPICS}
    return ((row, delay[row[1]]) for row in stream)


def facts(world: World) -> dict[str, bytes]:
    """What is kept of events, by account."""
    days = T0 // DAY - 70, T0 // DAY + 400
    return {
        key.decode(): facts_of(value, world.store[b"h/" + key[2:]], days, IDS)
        for key, value in world.store.items()
        if key.startswith(b"a/")
    }


@bounded
@given(rows(gaps=(0, 1, 1000, 5_000, 20_000, 9 * DAY), most=40), st.randoms(use_true_random=False))
def test_records_that_change_places_within_the_grace_end_in_the_same_open_alerts(
    stream: list[Row], random: Random
) -> None:
    moved = sorted(
        ((at + delays, topic, event) for (at, topic, event), delays in _delayed(stream, random)), key=lambda row: row[0]
    )
    one, two = World(log_of([*SEEN, *stream])), World(log_of([*SEEN, *moved]))
    for world in (one, two):
        world.play(stream[-1][0] + 2 * DAY)
    assert lasting(two) == lasting(one)


# When an account was first seen is a record time, from which much counts: here it is the same in every order.
SEEN: list[Row] = [
    (T0, "crm", ContentSent(event_id="seen", account_id=account, occurred_at=T0, topic="tips"))
    for account in ("acme", "beta")
]


# Shares and ratios may be reached for a moment within the grace, in one order and not in another; the alert then stays.
# So it is with what clears an event at once: where it is read before the event, nothing opens.
MOMENTARY = frozenset(
    rule.id for rule in PLAN.rules if isinstance(rule.operator, Once) and rule.operator.seen is not None
)


def lasting(world: World) -> set[tuple[str, str, str | None, str]]:
    """What is open, not recovering: an alert that opened and cleared within the grace recovers, or never was."""
    last = {alert.fingerprint: alert for alert in world.alerts}
    told = {(a.account_id, a.rule_id, a.subject.id, a.severity) for a in last.values() if a.status == "open"}
    return {alert for alert in told if alert[1] not in MOMENTARY}


@pytest.mark.no_cover
@settings(bounded, max_examples=10)
@given(rows(accounts=("acme",)))
def test_what_opened_can_end(stream: list[Row]) -> None:
    """Whatever is open, good news of every kind and time end it."""
    world = World(log_of(stream))
    world.play(stream[-1][0] + DAY)
    good = good_news(world, stream[-1][0] + DAY)
    after = World(log_of([*stream, *good])).play(good[-1][0] + DAY)
    assert {alert for alert in after.open() if alert[1] in RISKS} == set()


RISKS = frozenset(rule.id for rule in PLAN.rules if rule.polarity == "risk")
