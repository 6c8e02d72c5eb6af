"""Accounts that move to partitions of another count go on as though they had always been there."""

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.duplicates import MOST
from detector.domain.events import Event
from detector.domain.moving import joined, sources_of
from detector.domain.state import PARTITION_KEY, PartitionRecord, decode_partition_record, encode_record
from tests.domain.streams import TOPICS, TYPES, event_of
from tests.domain.world import DAY, HOUR, T0, Row, World, log_of

if TYPE_CHECKING:
    from detector.domain.alerts import Alert

ACCOUNTS = ("acme", "beta")


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**31 - 1))
def test_an_account_s_old_partition_is_among_the_sources_of_its_new_one(old: int, new: int, key_hash: int) -> None:
    assert key_hash % old in sources_of(key_hash % new, new, old)


@pytest.mark.parametrize(
    ("number", "new", "old", "sources"),
    [(5, 8, 4, (1,)), (1, 4, 8, (1, 5)), (7, 36, 24, (7, 19)), (2, 5, 3, (0, 1, 2)), (3, 4, 4, (3,))],
)
def test_there_are_as_few_sources_as_can_be(number: int, new: int, old: int, sources: tuple[int, ...]) -> None:
    assert sources_of(number, new, old) == sources


def stream(random: Random) -> list[Row]:
    """Sixty events of two accounts, of every type, in their order."""
    now, found = T0 + 9 * HOUR, list[Row]()
    for number in range(60):
        now += random.choice((HOUR, DAY, DAY // 2))
        topic, name, account = random.choice(TOPICS), random.choice(TYPES), random.choice(ACCOUNTS)
        found.append((now, topic, event_of(name, random, now, account_id=account, event_id=f"e{number}")))
    return found


def of(account: str, found: list[Row]) -> list[Row]:
    return [row for row in found if isinstance(row[2], Event) and row[2].account_id == account]


@pytest.mark.parametrize("seed", [3, 5, 8, 15, 18, 20, 27, 37])
def test_partitions_that_stood_at_different_times_are_joined_exactly(seed: int) -> None:
    """The slower one's deadlines still come, those of the faster one are not called again."""
    found, random = stream(Random(seed)), Random(seed)
    end = found[-1][0]
    whole = World(log_of(found), bare=True).play(end + 20 * DAY)
    for cuts in ((random.randint(T0, end), end + 2 * DAY), (end + 2 * DAY, random.randint(T0, end))):
        told: list[Alert] = []
        rest: list[Row] = []
        store: dict[bytes, bytes] = {}
        records: dict[int, PartitionRecord] = {}
        for number, (account, cut) in enumerate(zip(ACCOUNTS, cuts, strict=True)):
            own = of(account, found)
            world = World(log_of([row for row in own if row[0] < cut], ("crm",)), bare=True).play(cut)
            records[number] = decode_partition_record(world.store.pop(PARTITION_KEY))
            rest += [row for row in own if row[0] >= cut]
            told += world.alerts
            store |= world.store
        store[PARTITION_KEY] = encode_record(joined(records, {}))
        moved = World(log_of(sorted(rest, key=lambda row: row[0]), ("crm",)), store=store, bare=True)
        told += moved.play(end + 20 * DAY).alerts
        for account in ACCOUNTS:
            assert [a for a in told if a.account_id == account] == [a for a in whole.alerts if a.account_id == account]
        del store[PARTITION_KEY]
        assert store == {key: value for key, value in whole.store.items() if key != PARTITION_KEY}


def test_what_the_topics_said_goes_on_only_where_they_stay_what_they_were() -> None:
    old = PartitionRecord(
        positions={"crm": 7, "usage": 9}, effective={"crm": 5, "usage": 6}, closed={"crm": 4}, clock=T0,
        topic_ids={"crm": "id"}, unknown_day=3, unknown={"a|b": 2}, release=4, anew_until=8, quiet_until=T0 + 1,
    )  # fmt: skip
    slower = PartitionRecord(clock=T0 - HOUR, release=3, anew_until=9)
    same = joined({0: old, 4: slower}, {"crm": 7, "usage": 9}, own=old)
    assert same == PartitionRecord(
        positions={"crm": 7, "usage": 9}, effective={"crm": 5, "usage": 6}, closed={"crm": 4}, clock=T0 - HOUR,
        topic_ids={"crm": "id"}, unknown_day=3, unknown={"a|b": 2}, release=3, anew_until=9, quiet_until=T0 + 1,
    )  # fmt: skip
    new = joined({0: old, 4: slower}, {"crm": 0, "usage": 0})
    assert new == PartitionRecord(
        positions={"crm": 0, "usage": 0}, clock=T0 - HOUR, release=3, anew_until=9, quiet_until=T0 + 1
    )
    assert joined({}, {"crm": 0}) == PartitionRecord(positions={"crm": 0})


def test_of_the_ends_of_accounts_the_latest_are_known() -> None:
    one = PartitionRecord(ended={"20001": b"1" * 8 * 300, "20003": b"3" * 8})
    two = PartitionRecord(ended={"20001": b"2" * 8 * 300, "20000": b"0" * 8})
    ended = joined({0: one, 1: two}, {}).ended
    assert {day: len(hashes) // 8 for day, hashes in ended.items()} == {"20003": 1, "20001": MOST - 1}
