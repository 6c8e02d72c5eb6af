import json
from pathlib import Path

import pytest

from detector.codec import partition_of
from detector.errors import CONFIG, DetectorError
from detector.files.bare import LARGEST
from detector.files.log import Log
from detector.files.read import read_files
from tests.files.lines import BEGIN, TOPIC_OF, event, write

USAGE, SUPPORT, CRM = "usage.events.v1", "support.events.v1", "crm.events.v1"


def read(*paths: Path, partitions: int = 1) -> Log:
    return read_files(paths, topic_of=TOPIC_OF).log(partitions)


def ids(log: Log) -> list[str]:
    return [json.loads(sent.value or b"")["event_id"] for sent in log.in_order()]


def test_the_topic_follows_from_the_type_and_the_key_is_the_account(tmp_path: Path) -> None:
    lines = event(), event("ticket.created", ticket_id="t"), event("content.sent", topic="pricing", partition=3)
    sent = list(read(write(tmp_path / "e", *lines)).in_order())
    assert [(record.topic, record.key) for record in sent] == [(USAGE, b"acme"), (SUPPORT, b"acme"), (CRM, b"acme")]
    assert [record.value for record in sent] == list(lines)  # the line's own bytes


def test_record_time_is_the_line_s_own_where_it_has_one(tmp_path: Path) -> None:
    lines = (
        event(at="2026-03-02T09:00:00.250+00:00"),
        event(at=5, _record_time="2026-03-02T10:00:01+01:00"),
        event(at=7, _record_time=BEGIN),
    )
    log = read(write(tmp_path / "e", *lines))
    assert [record.timestamp for record in log.in_order()] == [BEGIN, BEGIN + 250, BEGIN + 1000]


def test_equal_record_times_keep_the_order_of_files_and_lines(tmp_path: Path) -> None:
    b = write(tmp_path / "b", event(event_id="1"), event("ticket.created", event_id="2"), event(at=1, event_id="0"))
    a = write(tmp_path / "a", event(event_id="3"), event("goal.measured", event_id="4"))
    assert ids(read(b, a)) == ["0", "1", "2", "3", "4"]


def test_offsets_count_by_topic_partition_in_record_time_order(tmp_path: Path) -> None:
    accounts = [f"account-{n}" for n in range(20)]
    lines = [event(account=a, at=BEGIN - 1000 * n, event_id=f"{a}-{n}") for n in range(3) for a in accounts]
    log = read(write(tmp_path / "e", *lines), partitions=4)
    for number in range(4):
        run = log.runs(number)[USAGE]
        records = run.records(0, len(run))
        assert [record.offset for record in records] == list(range(len(run)))
        assert [record.timestamp for record in records] == sorted(record.timestamp for record in records)
        assert all(partition_of(record.key or b"", 4) == number for record in records)
    assert sum(len(log.runs(number)[USAGE]) for number in range(4)) == len(log) == 60


def test_a_record_knows_its_file_and_line(tmp_path: Path) -> None:
    a = write(tmp_path / "a", event(at=BEGIN + 2), b"", event(at=BEGIN + 1))
    b = write(tmp_path / "b", event(at=BEGIN))
    run = read(a, b).runs(0)[USAGE]
    assert [run.place(offset) for offset in range(3)] == [(b, 1), (a, 3), (a, 1)]


def test_a_heartbeat_goes_where_most_events_of_its_source_go(tmp_path: Path) -> None:
    lines = (
        event("feed.heartbeat", "_feed", source="desk"),  # before the others of its source
        event("ticket.created", source="desk"),
        event("ticket.resolved", source="desk"),
        event("usage.recorded", source="desk"),
        event("goal.measured", source="crm"),
        event("feed.heartbeat", "_feed", source="crm"),
        event("feed.heartbeat", "_feed", source="silent"),  # no other events: the first topic
        event("tea.served", source="crm"),  # a type nobody knows goes the same way, to be rejected there
    )
    topics = [record.topic for record in read(write(tmp_path / "e", *lines)).in_order()]
    assert topics == [SUPPORT, SUPPORT, SUPPORT, USAGE, CRM, CRM, USAGE, CRM]


BAD = [
    (b'{"event_type": "usage.recorded"', "bad_json"),
    (b'{"event_type": "usage.recorded", "account_id": "a", "occurred_at": NaN}', "bad_json"),
    (b"[" * 100_000, "bad_json"),
    (b'["usage.recorded"]', "not_object"),
    (b"7", "not_object"),
    (b'{"event_type": "usage.recorded", "account_id": "\xff", "occurred_at": 1}', "bad_utf8"),
    (b'{"event_type": "usage.recorded", "account_id": "\\ud800", "occurred_at": 1}', "bad_json"),
    (b'{"event_type": "usage.recorded", "occurred_at": 1}', "schema"),
    (b'{"event_type": "usage.recorded", "account_id": 5, "occurred_at": 1}', "schema"),
    (b'{"event_type": "usage.recorded", "account_id": "a"}', "schema"),
    (b'{"event_type": "usage.recorded", "account_id": "a", "occurred_at": "2026-03-02T09:00:00"}', "schema"),
    (b'{"event_type": "usage.recorded", "account_id": "a", "occurred_at": 1.5}', "schema"),
    (b'{"account_id": "a", "occurred_at": 1}', "schema"),
    (b'{"event_type": "usage.recorded", "account_id": "a", "occurred_at": -1}', "timestamp_out_of_range"),
    (
        b'{"event_type": "usage.recorded", "account_id": "a", "occurred_at": 1' + b"0" * 30 + b"}",
        "timestamp_out_of_range",
    ),
    (event(at=4_102_444_800_000), "timestamp_out_of_range"),
    (event(_record_time="9999-12-31T23:59:59Z"), "timestamp_out_of_range"),
    (event(name="x" * LARGEST), "too_large"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_line_is_put_aside_and_the_rest_goes_on(tmp_path: Path, line: bytes, reason: str) -> None:
    path = write(tmp_path / "e", event(event_id="1"), line, event(event_id="3"))
    log = read(path)
    assert ids(log) == ["1", "3"]
    (bad,) = log.bad
    assert (bad.file, bad.line, bad.reason) == (path, 2, reason)
    assert bad.detail.isascii()
    assert bad.detail.isprintable()
    assert 0 < len(bad.detail) <= 200
    body = json.loads(bad.encode())
    assert list(body)[:5] == ["file", "line", "reason", "detail", "value"]
    if reason == "bad_utf8":
        assert body["encoding"] == "base64"
    else:
        assert body["value"].encode() == line


def test_no_event_at_all_is_an_empty_log(tmp_path: Path) -> None:
    log = read(write(tmp_path / "e"), write(tmp_path / "f", b""), partitions=3)
    log.refuse_later(0)
    assert (len(log), log.partitions, log.topics, list(log.in_order())) == (0, 3, [], [])


def test_events_and_an_export_are_not_read_together(tmp_path: Path) -> None:
    export = write(tmp_path / "x", b'{"partition":0,"clock":1,"quiet_until":null}')
    with pytest.raises(DetectorError, match="files of one form") as caught:
        read(write(tmp_path / "e", event()), export)
    assert caught.value.exit_code == CONFIG


def test_reading_tells_how_many_lines_were_read(tmp_path: Path) -> None:
    told: list[int] = []
    path = write(tmp_path / "e", *[event()] * 25_000)
    read_files([path], topic_of=TOPIC_OF, read=told.append)
    assert told == [10_000, 10_000, 5_000]
