"""Records that are no events: how much of them waits for a checkpoint, and what is kept of who sent them."""

from detector.domain.partition import LETTERS_BYTES, UNKNOWN_KEPT, UNKNOWN_NAMES, Partition
from detector.domain.record import Record, Reject
from detector.domain.state import PARTITION_KEY, decode_partition_record, encode_record
from tests.domain.world import PLAN, T0, World, log_of

SIZE = 1 << 20
EMAIL = "zaphod@heartofgold.example"


def _full(size: int = SIZE, count: int = 40) -> Partition:
    partition = Partition(0, plan=PLAN, topics=("crm",), decode=lambda *_: Reject("bad_json", "no"), store={})
    partition.restore()
    partition.offer("crm", [Record(at, T0 + at, b"k", bytes(size)) for at in range(count)])
    return partition


def test_dead_letters_that_wait_are_bounded_in_bytes() -> None:
    partition = _full()
    applied = partition.advance({"crm"}, 1_000)
    assert applied * SIZE <= LETTERS_BYTES < (applied + 1) * SIZE
    assert partition.full
    assert partition.urgent
    assert partition.queued("crm") == 40 - applied
    changes = partition.collect()
    assert changes is not None
    assert len(changes.dead_letters) == applied == changes.positions["crm"]
    assert partition.full, "they are in memory until they are written"
    partition.committed()
    assert not partition.full
    assert partition.advance({"crm"}, 1_000) == applied


def test_many_small_ones_are_bounded_too() -> None:
    partition = _full(size=0, count=60_000)
    assert 10_000 < partition.advance({"crm"}, 100_000) < 50_000
    assert partition.full


def test_whoever_writes_nothing_comes_to_the_end_all_the_same() -> None:
    """A replay applies all there is, with a limit and without."""
    partition = _full()
    while partition.advance({"crm"}, 7):
        pass
    assert partition.positions == {"crm": 40}
    assert _full().advance({"crm"}) == 40


def _unknown(count: int, *, source: str = EMAIL, event_type: str = "x") -> World:
    return World(log_of((T0 + at, "crm", Reject("unknown_type", "no", source, event_type)) for at in range(count)))


def test_no_name_of_an_unknown_type_or_its_source_is_kept() -> None:
    world = _unknown(UNKNOWN_KEPT + 2, event_type="trillian@heartofgold.example").play()
    kept = world.store[PARTITION_KEY]
    assert b"heartofgold" not in kept
    assert list(decode_partition_record(kept).unknown.values()) == [UNKNOWN_KEPT + 2]
    assert sum(len(changes.dead_letters) for changes in world.changes) == UNKNOWN_KEPT


def test_names_that_an_earlier_release_kept_are_counted_on_and_gone_with_the_next_checkpoint() -> None:
    world = _unknown(1)
    before = _unknown(UNKNOWN_KEPT).play()
    record = decode_partition_record(before.store[PARTITION_KEY])
    (count,) = record.unknown.values()
    record.positions, record.unknown = {}, {f"{EMAIL}|x": count, "": 3}
    world.store[PARTITION_KEY] = encode_record(record)
    world.restart()
    world.play()
    found = decode_partition_record(world.store[PARTITION_KEY]).unknown
    assert sorted(found.values()) == [3, UNKNOWN_KEPT + 1]
    assert b"heartofgold" not in world.store[PARTITION_KEY]
    assert [len(changes.dead_letters) for changes in world.changes] == [0]


def test_invented_names_without_end_share_a_count() -> None:
    rejects = (Reject("unknown_type", "no", f"s{at}", "x") for at in range(UNKNOWN_NAMES + 50))
    world = World(log_of((T0, "crm", reject) for reject in rejects)).play()
    unknown = decode_partition_record(world.store[PARTITION_KEY]).unknown
    assert len(unknown) == UNKNOWN_NAMES + 1
    assert unknown[""] == 50
