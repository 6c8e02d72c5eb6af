import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from detector.backtest.outputs import Collected, Outputs, into_files
from detector.backtest.replay import CHUNK, Summary, replay
from detector.domain.record import Record
from detector.errors import CONFIG, IO, DetectorError
from detector.files.exported import encode_end, encode_record
from detector.files.log import End, Log
from detector.files.read import read_files
from tests.backtest.counting_partition import Counting

USAGE, CRM = "usage.events.v1", "crm.events.v1"


def export(path: Path, records: Sequence[tuple[str, int, Record]], *ends: End) -> Log:
    lines = [encode_record(*record) for record in records] + [encode_end(n, end) for n, end in enumerate(ends)]
    path.write_bytes(b"\n".join(lines))
    return read_files([path], topic_of={"usage.recorded": USAGE}).log()


def record(offset: int, time: int, key: bytes = b"a", value: bytes = b"{}") -> Record:
    return Record(offset, time, key, value)


def run(
    log: Log, counting: Counting | None = None, *, until: int | None = None, chunk: int = CHUNK
) -> tuple[Collected, Summary]:
    found, core = Collected(), (counting or Counting()).core()
    return found, replay(log, core, found.outputs(), topics=(USAGE, CRM), until=until, chunk=chunk)


def many(tmp_path: Path) -> Log:
    usage = [(USAGE, n % 2, record(n, n * 10, b"k%d" % (n % 7))) for n in range(400)]
    crm = [
        (CRM, n % 2, record(n, 1500 + n * 3, b"k%d" % (n % 5), b"drop" if n % 9 == 0 else b"{}")) for n in range(100)
    ]
    return export(tmp_path / "x", usage + crm, End(5_000), End(6_000))


def test_records_of_all_topics_are_merged_partition_by_partition(tmp_path: Path) -> None:
    log = export(
        tmp_path / "x",
        [(USAGE, 1, record(0, 1)), (USAGE, 0, record(0, 5)), (CRM, 0, record(0, 4)), (CRM, 0, record(1, 5))],
        End(),
        End(),
    )
    found, summary = run(log)
    assert [(body["topic"], body["time"]) for body in map(json.loads, found.alerts)] == [
        (CRM, 4),
        (CRM, 5),
        (USAGE, 5),
        (USAGE, 1),
    ]
    assert summary == Summary(records=4, alerts=4, clocks=(5, 1))


def test_how_much_is_offered_at_a_time_makes_no_difference(tmp_path: Path) -> None:
    log = many(tmp_path)
    whole, _ = run(log)
    for chunk in (1, 3, 64, 10_000):
        assert run(log, chunk=chunk)[0] == whole


def test_no_more_is_held_than_was_asked_for(tmp_path: Path) -> None:
    counting = Counting()
    run(many(tmp_path), counting, chunk=10)
    assert max(partition.most_queued for partition in counting.partitions) < 20


def test_the_store_holds_the_committed_state_and_forgets_what_is_deleted(tmp_path: Path) -> None:
    counting = Counting()
    records = [(USAGE, 0, record(n, n, b"ab"[n % 2 :][:1], b"drop" if n == 9 else b"{}")) for n in range(11)]
    run(export(tmp_path / "x", records, End()), counting, chunk=2)
    (partition,) = counting.partitions
    assert partition.restored
    assert partition.seat.store == {b"a": b"6"}


def test_an_export_ends_at_the_clocks_of_its_worker(tmp_path: Path) -> None:
    counting = Counting()
    log = export(tmp_path / "x", [(USAGE, 1, record(0, 1))], End(50, 7), End(60), End())
    _, summary = run(log, counting)
    assert [partition.ran_to for partition in counting.partitions] == [[(50, False)], [(60, False)], []]
    assert summary.clocks == (50, 60, 0)
    assert [(p.seat.number, p.seat.partitions, p.seat.quiet_until) for p in counting.partitions] == [
        (0, 3, 7),
        (1, 3, None),
        (2, 3, None),
    ]
    assert all(partition.seat.positions_known for partition in counting.partitions)


def test_until_moves_every_clock_there_and_grace_counts_as_passed(tmp_path: Path) -> None:
    counting = Counting()
    log = export(tmp_path / "x", [(USAGE, 1, record(0, 1))], End(50), End(60))
    found, _ = run(log, counting, until=99)
    assert [partition.ran_to for partition in counting.partitions] == [[(99, True)], [(99, True)]]
    assert [json.loads(body).get("deadline") for body in found.alerts] == [99, None, 99]


def test_until_moves_the_partitions_too_where_no_worker_had_been(tmp_path: Path) -> None:
    counting = Counting()
    records = [(USAGE, 0, record(0, 1)), (USAGE, 2, record(0, 2))]
    log = export(tmp_path / "x", records, End(), End(), End(60), End(70))
    _, summary = run(log, counting, until=99)
    assert [partition.ran_to for partition in counting.partitions] == [[(99, True)]] * 4
    assert summary.clocks == (99, 99, 99, 99)


def test_until_before_the_clock_of_a_worker_ends_every_partition_there(tmp_path: Path) -> None:
    counting = Counting()
    log = export(tmp_path / "x", [(USAGE, 0, record(0, 1))], End(), End(60))
    _, summary = run(log, counting, until=50)
    assert [partition.ran_to for partition in counting.partitions] == [[(50, True)], [(50, True)]]
    assert summary.clocks == (50, 50)


def test_an_export_ends_where_no_worker_had_been_at_the_last_record(tmp_path: Path) -> None:
    counting = Counting()
    log = export(tmp_path / "x", [(USAGE, 0, record(0, 7)), (USAGE, 1, record(0, 1))], End(), End(60))
    _, summary = run(log, counting)
    assert [partition.ran_to for partition in counting.partitions] == [[], [(60, False)]]
    assert summary.clocks == (7, 60)


def test_until_before_the_last_record_is_refused(tmp_path: Path) -> None:
    log = export(tmp_path / "x", [(USAGE, 0, record(0, 7)), (USAGE, 0, record(1, 3))], End())
    with pytest.raises(DetectorError, match=r"1970-01-01T00:00:00.007Z, .*x:1\) — name a later time") as caught:
        run(log, until=6)
    assert caught.value.exit_code == CONFIG


def test_after_the_last_record_the_clock_goes_on_day_by_day(tmp_path: Path) -> None:
    counting, day = Counting(), 86_400_000
    log = export(tmp_path / "x", [(USAGE, 0, record(0, 5))], End(2 * day + 6))
    run(log, counting)
    assert counting.partitions[0].ran_to == [(day + 5, False), (2 * day + 5, False), (2 * day + 6, False)]


def test_bare_events_end_at_the_last_record_and_their_positions_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b'{"event_type":"usage.recorded","account_id":"a","occurred_at":7}\n')
    counting = Counting()
    _, summary = run(read_files([path], topic_of={"usage.recorded": USAGE}).log(2), counting)
    assert [partition.ran_to for partition in counting.partitions] == [[], []]
    assert sorted(summary.clocks) == [0, 7]
    assert not any(partition.seat.positions_known for partition in counting.partitions)


def test_health_is_the_last_snapshot_of_each_account_and_the_log_has_every_one(tmp_path: Path) -> None:
    records = [(USAGE, 0, record(n, n, key)) for n, key in enumerate([b"a", b"b", b"a", b"c"])]
    records.append((USAGE, 0, record(4, 4, b"c", b"drop")))  # a tombstone: there is no snapshot any more
    found, _ = run(export(tmp_path / "x", records, End()), chunk=1)
    assert found.health == [b'"b 1"', b'"a 2"']
    assert found.health_log == [b'"a 1"', b'"b 1"', b'"a 2"', b'"c 1"']


def test_bad_lines_and_dead_letters_are_told_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "x"
    lines = [
        b"{",
        encode_record(USAGE, 0, record(5, 1)),
        encode_record(USAGE, 0, record(9, 2, value=b"broken")),
        encode_end(0, End()),
    ]
    path.write_bytes(b"\n".join(lines))
    found, summary = run(read_files([path], topic_of={"usage.recorded": USAGE}).log())
    bodies = [json.loads(body) for body in found.dead_letters]
    assert [(body["file"], body["line"], body["reason"], body["value"]) for body in bodies] == [
        (str(path), 1, "bad_json", "{"),
        (str(path), 3, "schema", "broken"),
    ]
    assert bodies[1]["detail"] == "it is broken"
    assert (summary.bad_lines, summary.dead_letters) == (1, 1)


def test_progress_hears_of_every_record(tmp_path: Path) -> None:
    heard: list[int] = []
    replay(many(tmp_path), Counting().core(), Outputs(), topics=(), chunk=100, applied=heard.append)
    assert sum(heard) == 500


def test_outputs_are_files_of_lines_and_what_is_not_asked_for_is_not_made(tmp_path: Path) -> None:
    log = many(tmp_path)
    paths = {"alerts": tmp_path / "a.ndjson", "health": None, "notices": tmp_path / "n.ndjson"}
    with into_files(paths) as outputs:
        replay(log, Counting().core(), outputs, topics=(USAGE, CRM))
    assert outputs.health is None
    assert (tmp_path / "a.ndjson").read_bytes().splitlines() == run(log)[0].alerts
    assert (tmp_path / "n.ndjson").read_bytes() == b""


def test_a_place_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    paths = {"alerts": tmp_path / "a", "health": tmp_path / "no" / "h"}
    with pytest.raises(DetectorError, match="cannot be written") as caught, into_files(paths):
        pytest.fail("it ran")
    assert caught.value.exit_code == IO
    assert list(tmp_path.iterdir()) == []
