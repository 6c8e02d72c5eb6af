"""State of another version: the same major is read, fields of a later minor are kept, a later major is refused."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from detector.catalogue.pack import load_plan
from detector.domain import hot
from detector.domain.events import TouchLogged, UsageRecorded
from detector.domain.partition import Partition
from detector.domain.record import RawRecord, Reject
from detector.domain.state import (
    FIELDS,
    PARTITION_KEY,
    AccountRecord,
    Episode,
    Goal,
    PartitionRecord,
    Person,
    Standing,
    Sums,
    decode_account_record,
    encode_record,
)
from detector.domain.versions import MAJOR, MINOR, WRITTEN, StateError, unknown_fields
from tests.domain.world import DAY, HOUR, T0, Story, World

HOT, RECORD = b"h/default/acme", b"a/default/acme"
pack = msgspec.msgpack.encode
unpack = msgspec.msgpack.decode


def _decode(_record: RawRecord, _topic: str) -> Reject:
    return Reject("bad_json", "nothing is")


def _partition(release: int, store: dict[bytes, bytes]) -> Partition:
    return Partition(0, plan=replace(load_plan(), release=release), topics=("crm",), decode=_decode, store=store)


def test_state_of_a_newer_pack_is_left_alone_and_that_of_an_older_one_taken_over() -> None:
    changes = _partition(7, {}).collect(force=True)
    assert changes is not None
    store = {key: value for key, value in changes.states if value is not None}
    assert set(store) == {PARTITION_KEY}
    with pytest.raises(StateError, match="release 7 of the pack, this is 6: start with the newer pack") as refused:
        _partition(6, store).restore()
    assert refused.value.newer
    _partition(7, store).restore()
    _partition(8, store).restore()


def test_a_minor_version_adds_fields_to_the_records_only_and_is_written_down() -> None:
    """Who adds one raises MINOR, adds a row to FIELDS, and leaves WRITTEN; inside of a record nothing is added.

    Until the first release of all, 1.0 is what it is today: a change is written down here and in FIELDS, no more.
    """
    for record, sizes in FIELDS.items():
        assert len(sizes) == MINOR + 1
        assert sizes[MINOR] == len(msgspec.structs.fields(record)), record
        assert list(sizes) == sorted(sizes)
    assert 0 <= WRITTEN <= MINOR
    inside = {cls: len(msgspec.structs.fields(cls)) for cls in (Person, Goal, Sums, Episode, Standing)}
    assert inside == {Person: 7, Goal: 8, Sums: 2, Episode: 22, Standing: 8}


def _grown(store: dict[bytes, bytes], key: bytes, minor: int = 7) -> list[Any]:
    """Give a record of the store two fields more, as a later minor version would; returns them."""
    fields = unpack(store[key])
    more = [{"hint": [1, "two"]}, b"\x00\xff"]
    store[key] = pack([fields[0], minor, *fields[2:], *more])
    return more


def test_fields_of_a_later_minor_version_are_kept_where_its_records_are_written_anew() -> None:
    story = Story()(0, UsageRecorded)(HOUR, TouchLogged, direction="inbound", kind="call")
    plain = story.world()
    grown = story.world()
    more = _grown(grown.store, RECORD)
    _grown(grown.store, PARTITION_KEY)
    for world in (plain, grown):
        later = Story()(DAY, TouchLogged, direction="inbound", kind="call", event_id="later").log()
        World(later, store=world.store).play()  # from offset 2 on there is nothing: the clock goes on
        again = World(story(2 * DAY, TouchLogged, direction="outbound", kind="email").log(), store=world.store)
        again.play(T0 + 5 * DAY)
        story.rows.pop()
    assert plain.store.keys() == grown.store.keys()
    for key in (RECORD, PARTITION_KEY):
        fields, expected = unpack(grown.store[key]), unpack(plain.store[key])
        assert fields[-2:] == more
        assert fields[1] == 7
        assert fields[2:-2] == expected[2:]
    assert plain.store[HOT] == grown.store[HOT]


def test_a_record_is_written_in_the_version_that_is_asked_for_but_never_in_a_lower_one_than_it_came_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A release N+1 that added one field: the last one of today."""
    fields = len(msgspec.structs.fields(AccountRecord))
    monkeypatch.setitem(FIELDS, AccountRecord, (fields - 1, fields))
    new = AccountRecord(awake=5, sums={"m": {"x": Sums(1, [(1, 2)])}})
    old = encode_record(new, 0)
    assert len(unpack(old)) == fields - 1
    assert decode_account_record(old) == replace(new, sums={})
    raised = encode_record(new, 1)
    assert (unpack(raised)[1], len(unpack(raised))) == (1, fields)
    again = decode_account_record(raised)
    assert encode_record(again, 0) == raised
    assert again.sums == new.sums


@pytest.mark.parametrize("length", [3, 15, 16, 26, 70_000])
def test_what_lies_behind_the_known_fields_is_given_as_it_is(length: int) -> None:
    data = pack([MAJOR, 0, *range(2, length)])
    assert [unpack(raw) for raw in unknown_fields(data, 3)] == list(range(3, length))
    assert list(unknown_fields(data, length)) == []


def test_state_of_a_later_major_version_is_refused_whichever_record_it_is() -> None:
    newer_block = bytes([hot.VERSION + 1]) + bytes(hot.new()[1:])
    for key, value, what in (
        (PARTITION_KEY, pack([MAJOR + 1, 0, "another shape"]), "record has version 2, this release reads 1"),
        (RECORD, pack([MAJOR + 1]), "record has version 2, this release reads 1"),
        (HOT, newer_block, "block has version 3, this release reads 2"),
        (b"a/default/orphan", pack([MAJOR + 1]), "record has version 2, this release reads 1"),
    ):
        store = Story()(0, UsageRecorded).world().store | {key: value}
        with pytest.raises(StateError, match=f"{what}: start a newer release") as refused:
            World(Story().log(("crm",)), store=store)
        assert refused.value.newer


def test_without_knowing_where_it_stood_a_partition_does_not_go_on() -> None:
    store = {PARTITION_KEY: b"\xff"}
    with pytest.raises(StateError, match="where partition 3 stood cannot be read: bring its changelog back") as refused:
        World(Story().log(("crm",)), store=store)
    assert not refused.value.newer
    assert encode_record(PartitionRecord()) == pack([1, 0, {}, {}, 0, 0, None, {}, 0, {}, {}, {}, -1])
