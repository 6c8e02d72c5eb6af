"""Stored state that cannot be read costs its own account only: it is put aside and counted, the account begins anew."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot, layout
from detector.domain.events import (
    AccountErased,
    IncidentOpened,
    StakeholderErased,
    StakeholderUpdated,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.partition import MOST_ASIDE
from detector.domain.sound import block_is_sound, record_is_sound
from detector.domain.state import ASIDE, FIELDS, AccountRecord, hot_key, record_key
from detector.domain.versions import StateError
from tests.domain.test_hot import VERSION_1
from tests.domain.test_laws import bounded
from tests.domain.world import DAY, HOUR, T0, Row, Story, World, log_of

GOOD, BAD = "good", "bad"
WELL_BEGUN = msgspec.msgpack.encode([1, 0, *["of another type"] * (FIELDS[AccountRecord][0] - 2)])
"""What begins as a record does, and cannot be thawed."""


def rows(account: str, begin: int, days: int) -> list[Row]:
    story = Story(account)
    for day in range(begin, begin + days):
        at = day * DAY
        story(at, UsageRecorded, stakeholder_id="ada-1", event_id=f"{account}-u{day}")
        story(at + HOUR, IncidentOpened, incident_id=f"i{day}", severity="major", event_id=f"{account}-i{day}")
        story(at + 2 * HOUR, TouchLogged, direction="inbound", kind="call", event_id=f"{account}-t{day}")
    return story.rows


def played(first: list[Row], then: list[Row], spoil: Callable[[dict[bytes, bytes]], object]) -> World:
    """The first rows, then a restart on a store that was spoilt, the rest of the rows and three days."""
    first = sorted(first, key=lambda row: row[0])
    store = World(log_of(first)).play().store
    spoil(store)
    world = World(log_of([*first, *sorted(then, key=lambda row: row[0])]), store=store)
    world.collect()
    return world.play(T0 + 30 * DAY)


def state(world: World, account: str) -> tuple[bytes, bytes]:
    path = f"default/{account}"
    return world.store[hot_key(path)], world.store[record_key(path)]


def told(world: World, account: str) -> list[bytes]:
    alerts = [msgspec.json.encode(alert) for alert in world.alerts if alert.account_id == account]
    return alerts + [msgspec.json.encode(snapshot) for snapshot in world.health if snapshot.account_id == account]


def aside(world: World) -> dict[bytes, bytes]:
    return {key: value for key, value in world.store.items() if key.startswith(ASIDE)}


HOT, RECORD = hot_key(f"default/{BAD}"), record_key(f"default/{BAD}")


@pytest.mark.parametrize(
    ("key", "garbage"),
    [
        (HOT, b"\x00"),
        (HOT, b"{}" * 200),
        (HOT, bytes([hot.VERSION]) + bytes(400)),
        (HOT, bytes(hot.new()[:-1])),
        (HOT, bytes(hot.new()) + b"more"),
        (RECORD, b""),
        (RECORD, b"\xff" * 70_000),
        (RECORD, msgspec.msgpack.encode({"a": 1})),
        (RECORD, WELL_BEGUN),
    ],
)
def test_an_account_that_cannot_be_read_begins_anew_and_the_others_are_exact(key: bytes, garbage: bytes) -> None:
    first = [*rows(GOOD, 0, 3), *rows(BAD, 0, 3)]
    then = [*rows(GOOD, 4, 3), *rows(BAD, 4, 3)]

    def spoil(store: dict[bytes, bytes]) -> None:
        store[key] = garbage

    def leave_alone(store: dict[bytes, bytes]) -> None:
        del store

    def never_seen(store: dict[bytes, bytes]) -> None:
        del store[HOT], store[RECORD]

    world, clean, anew = (played(first, then, what) for what in (spoil, leave_alone, never_seen))
    assert (state(world, GOOD), told(world, GOOD)) == (state(clean, GOOD), told(clean, GOOD))
    assert (state(world, BAD), told(world, BAD)) == (state(anew, BAD), told(anew, BAD))
    assert aside(world).keys() == {ASIDE + HOT, ASIDE + RECORD}
    assert aside(world)[ASIDE + key] == garbage[:MOST_ASIDE]
    assert sum(changes.tally.quarantined for changes in world.changes) == 1
    world.restart()
    assert world.collect() is None


def test_one_who_is_not_heard_of_again_is_put_aside_at_the_start_and_called_no_more() -> None:
    world = played([*rows(GOOD, 0, 3), *rows(BAD, 0, 3)], rows(GOOD, 4, 1), lambda store: store.update({HOT: b"\x00"}))
    assert aside(world)[ASIDE + HOT] == b"\x00"
    assert HOT not in world.store
    assert told(world, BAD) == []


def test_a_record_that_begins_well_is_found_out_by_whatever_thaws_it_first() -> None:
    """Usage that a rule waits for, usage out of order, a deadline, the end of the account."""

    def spoil(store: dict[bytes, bytes]) -> None:
        store[RECORD] = WELL_BEGUN

    usage = Story(BAD)(0, UsageRecorded).rows
    older = Story(BAD)(2 * DAY, UsageRecorded, event_id="older", late=-2 * DAY, topic="usage").rows
    erased = Story(BAD)(DAY + 2 * HOUR + 1, AccountErased).rows
    for then, alive in ((usage, True), (older, True), (rows(GOOD, 4, 1), False), (erased, False)):
        world = played(rows(BAD, 1, 1), then, spoil)
        assert (HOT in world.store) is alive
        assert sum(changes.tally.quarantined for changes in world.changes) == 1
        assert bool(aside(world)) is (then is not erased)
        if alive:
            assert hot.window_sum(bytearray(world.store[HOT]), T0 // DAY + 40, 70) == 1


def test_usage_that_nobody_waits_for_does_not_thaw_a_record() -> None:
    def spoil(store: dict[bytes, bytes]) -> None:
        block = hot.opened(store[HOT])
        hot.set_wake_mask(block, 0)
        hot.set_next_wake(block, hot.NEVER)
        store.update({HOT: bytes(block), RECORD: WELL_BEGUN})

    first = rows(BAD, 0, 2)
    store = World(log_of(first)).play().store
    spoil(store)
    world = World(log_of([*first, *Story(BAD)(2 * DAY, UsageRecorded, event_id="more").rows]), store=store).play()
    assert world.store[RECORD] == WELL_BEGUN
    assert world.changes[-1].tally.quarantined == 0


def test_who_is_to_be_forgotten_is_forgotten_in_what_was_put_aside_too() -> None:
    named = Story(BAD)(DAY, StakeholderUpdated, stakeholder_id="ada-1", role="sponsor").rows
    first = [*rows(GOOD, 0, 1), *rows(BAD, 0, 1), *named]
    for erasing in (
        Story(BAD)(5 * DAY, StakeholderErased, stakeholder_id="ada-1", event_id="x").rows,
        Story(BAD)(5 * DAY, AccountErased, event_id="x").rows,
    ):

        def spoil(store: dict[bytes, bytes]) -> None:
            store[HOT] = b"\x00"

        assert aside(played(first, rows(BAD, 3, 1), spoil)) != {}
        world = played(first, [*rows(BAD, 3, 1), *erasing], spoil)
        assert aside(world) == {}
        assert not any(b"ada-1" in value for key, value in world.store.items() if key in (HOT, RECORD))


def test_keys_that_name_no_account_are_put_aside_and_kinds_not_known_are_left_alone() -> None:
    odd = {b"h/\xff/x": b"1", b"h/no-account": bytes(hot.new()), b"a/alone/x": b"2"}
    other = {b"z/later": b"3"}
    world = played(rows(GOOD, 0, 1), rows(GOOD, 2, 1), lambda store: store.update(odd | other))
    assert aside(world) == {ASIDE + key: value for key, value in odd.items()}
    assert world.store[b"z/later"] == b"3"
    assert not world.store.keys() & odd.keys()
    assert sum(changes.tally.quarantined for changes in world.changes) == 3


def test_a_block_is_sound_where_its_measures_agree_with_its_length() -> None:
    sound = hot.new()
    for number in range(70):
        hot.seen(sound, hot.hash8(f"e{number}"))
        hot.add_usage(sound, 20_000 + number, 300 * number, hot.member_hash(f"p{number}"), 0, hot.RECORDED, b"12345678")
    assert block_is_sound(bytes(sound))
    assert block_is_sound(VERSION_1)
    assert not block_is_sound(VERSION_1 + b"x")
    assert not block_is_sound(bytes([VERSION_1[0]]) + b"\x09" + VERSION_1[2:])
    assert not block_is_sound(bytes([hot.VERSION + 1]) + bytes(200))
    for at, value in ((layout.DAY_WIDTH, 3), (layout.WEEK_WIDTH, 0), (layout.LENGTH, 9), (layout.STARTS, 1)):
        spoilt = bytearray(sound)
        spoilt[at] = value
        assert not block_is_sound(bytes(spoilt))
    assert not block_is_sound(bytes(sound[:-1]))
    assert not block_is_sound(bytes(sound[:300]))


@bounded
@given(st.dictionaries(st.sampled_from([HOT, RECORD, b"h/default/x", b"a/default/x"]), st.binary(max_size=600)))
def test_no_bytes_are_the_end_of_a_partition(garbage: dict[bytes, bytes]) -> None:
    """Unless they say of themselves that a later release wrote them."""
    log = log_of(rows(BAD, 0, 1))
    try:
        world = World(log, store=dict(garbage)).play(T0 + 3 * DAY)
    except StateError as error:
        world = None
        newer = error.newer
    if world is None:
        assert newer
    else:
        assert record_is_sound(world.store[RECORD])
        assert block_is_sound(world.store[HOT])


def test_what_is_no_usage_may_be_the_first_to_find_that_an_account_cannot_be_read() -> None:
    last = Story(BAD)(2 * DAY + 3 * HOUR, TouchLogged, direction="inbound", kind="call", event_id="next")
    world = played(rows(BAD, 0, 3), last.rows, lambda store: store.__setitem__(RECORD, WELL_BEGUN))
    assert len(aside(world)) > 0
    assert world.record(BAD).marks
