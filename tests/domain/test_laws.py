"""Laws of the whole: what must hold of any log, whatever the rules say."""

from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.streams import BUSY, IDS, NAUGHTY, TOPICS, TYPES, rows
from tests.domain.world import DAY, MINUTE, Row, World, log_of

bounded = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
END = 40 * DAY


def end_of(stream: Sequence[Row]) -> int:
    return stream[-1][0] + END


def replay(stream: Sequence[Row]) -> World:
    return World(log_of(stream)).play(end_of(stream))


@bounded
@given(rows(types=BUSY))
def test_the_same_log_gives_the_same_bytes(stream: list[Row]) -> None:
    one, two = replay(stream), replay(stream)
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes
    assert one.store == two.store


@settings(bounded, max_examples=100)
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
