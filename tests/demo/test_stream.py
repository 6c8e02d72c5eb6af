import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.demo.diary import Event
from detector.demo.stream import events, record_time, write_events

END = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def stream() -> list[Event]:
    return list(events(END))


def test_both_tenants_come_in_one_stream_in_the_order_of_record_time(stream: list[Event]) -> None:
    times = [record_time(event) for event in stream]
    assert times == sorted(times)
    assert {event["tenant_id"] for event in stream} == {"demo", "open-university"}
    assert times[-1] < f"{END:%Y-%m-%dT%H:%M:%SZ}"


def test_text_sorts_as_time_does(stream: list[Event]) -> None:
    times = [record_time(event) for event in stream[::500]]
    parsed = [datetime.fromisoformat(time) for time in times]
    assert parsed == sorted(parsed)
    assert {len(time) for time in times} == {20}


def test_a_file_has_one_event_a_line_and_the_same_bytes_each_time(stream: list[Event], tmp_path: Path) -> None:
    plain, zipped = tmp_path / "x.ndjson", tmp_path / "y.ndjson.gz"
    assert write_events(plain, END) == write_events(zipped, END) == len(stream)
    data = plain.read_bytes()
    assert gzip.decompress(zipped.read_bytes()) == data
    assert zipped.read_bytes()[3:8] == bytes(5), "neither name nor time in the header"
    lines = data.splitlines()
    assert len(lines) == len(stream)
    assert [json.loads(line) for line in lines[::1000]] == stream[::1000]


def test_an_end_that_is_no_midnight_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no midnight"):
        write_events(tmp_path / "x.ndjson", END + timedelta(minutes=1))
    assert not (tmp_path / "x.ndjson").exists()
