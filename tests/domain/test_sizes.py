"""Sizes that hurt: a crowd of subjects of each kind, and ten years: the record stays small and counts what it drops."""

from random import Random

import pytest

from detector.domain.state import decode_account_record
from tests.domain.streams import TYPES, event_of
from tests.domain.world import DAY, HOUR, T0, Row, World, log_of

KIB = 1024
SHORT = tuple(f"n{number}" for number in range(5_000))
SKULLS = "\U0001f480" * 120
LONG = tuple(f"{number}{SKULLS}" for number in range(5_000))
SUBJECTS = tuple(name for name in TYPES if name not in ("account.erased", "account.merged", "outcome.recorded"))


def crowd(ids: tuple[str, ...], count: int, step: int) -> list[Row]:
    """So many events of every type that say something of an account, each about somebody or something else."""
    random = Random(7)
    rows: list[Row] = []
    for number in range(count):
        at = T0 + number * step
        name = SUBJECTS[number % len(SUBJECTS)]
        rows.append((at, "crm", event_of(name, random, at, ids, event_id=f"e{number}")))
    return rows


def largest(world: World, limit: int = 150) -> int:
    """Play a world in checkpoints; the largest record, none of which is larger than the account thinks it is."""
    most = 0
    world.offer_rest()
    while world.partition.advance({"crm"}, limit):
        world.collect()
        for key, value in world.store.items():
            most = max(most, len(value))
            assert not key.startswith(b"a/") or decode_account_record(value).size >= len(value)
    return most


@pytest.mark.no_cover  # ten times as slow when branches are counted, and smaller tests reach the same ones
@pytest.mark.parametrize("ids", [SHORT, LONG], ids=["short ids", "the longest ids there are"])
def test_a_crowd_of_everything_stays_under_64_kib_and_what_goes_is_counted(ids: tuple[str, ...]) -> None:
    world = World(log_of(crowd(ids, 2_400, HOUR)))
    assert 20 * KIB < largest(world) <= 64 * KIB
    evicted = world.record().evicted
    assert {"stakeholder", "subject"} <= set(evicted)
    assert sum(changes.tally.evicted.total() for changes in world.changes) == sum(evicted.values())


@pytest.mark.no_cover
def test_ten_years_need_no_more_room_than_three() -> None:
    ten = World(log_of(crowd(SHORT[:40], 10 * 73, 5 * DAY)))
    three = World(log_of(crowd(SHORT[:40], 3 * 73, 5 * DAY)))
    assert largest(ten) <= max(64 * KIB, largest(three))
    assert len(ten.alerts) > len(three.alerts)


def test_an_empty_decade_is_lived_through() -> None:
    at = T0 + 3_650 * DAY
    first = event_of("touch.logged", Random(1), T0, direction="inbound")
    last = event_of("touch.logged", Random(2), at, direction="inbound", event_id="last")
    world = World(log_of([(T0, "crm", first), (at, "crm", last)])).play(at + DAY)
    assert largest(world) < 8 * KIB
