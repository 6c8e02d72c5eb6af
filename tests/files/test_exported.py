import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.record import Record
from detector.errors import CONFIG, IO, DetectorError
from detector.files.exported import ExportReader, encode_end, encode_record
from detector.files.instant import LATEST
from detector.files.log import End, Log
from detector.files.read import read_files
from tests.files.lines import TOPIC_OF, write

USAGE, CRM = "usage.events.v1", "crm.events.v1"


def read(*paths: Path) -> Log:
    return read_files(paths, topic_of=TOPIC_OF).log()


def line(topic: str, partition: int, offset: int, timestamp: int, value: bytes | None = b"{}") -> bytes:
    return encode_record(topic, partition, Record(offset, timestamp, b"k", value))


def end(partition: int, clock: int | None = 99) -> bytes:
    return encode_end(partition, End(clock))


records = st.builds(
    Record,
    st.integers(0, 2**62),
    st.integers(0, LATEST),
    st.none() | st.binary(max_size=20) | st.text(max_size=20).map(str.encode),
    st.none() | st.binary(max_size=50) | st.text(max_size=50).map(str.encode),
    st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=10) | st.none()), max_size=3).map(tuple),
)


@given(records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    reader = ExportReader()
    reader.columns.open_file(Path("x"))
    text = encode_record(USAGE, 0, record)
    assert b"\n" not in text
    reader.read([(1, text), (2, end(0))])
    run = reader.log().runs(0)[USAGE]
    assert run.records(0, 1) == [record]


def test_a_header_s_name_that_is_not_utf_8_is_kept() -> None:
    record = Record(7, 5, b"k", b"{}", (("n\udcff", b"1"), ("имя", None)))  # type: ignore[arg-type]
    reader = ExportReader()
    reader.columns.open_file(Path("x"))
    reader.read([(1, encode_record(USAGE, 0, record)), (2, end(0))])
    assert reader.log().runs(0)[USAGE].records(0, 1) == [record]


def test_text_stands_as_text_and_other_bytes_as_base64() -> None:
    record = Record(7, 5, "ключ".encode(), b"\xff", (("ce_id", b"1"),))
    assert json.loads(encode_record(CRM, 2, record)) == {
        "topic": CRM,
        "partition": 2,
        "offset": 7,
        "timestamp": 5,
        "headers": [["ce_id", "MQ=="]],
        "key": "ключ",
        "value_b64": "/w==",
    }


def test_partitions_and_offsets_are_those_of_the_log(tmp_path: Path) -> None:
    lines = line(CRM, 1, 9, 50), line(USAGE, 1, 12, 40), line(USAGE, 1, 4, 30), line(USAGE, 0, 0, 20)
    log = read(write(tmp_path / "x", *lines, end(0, 70), end(1, 80)))
    assert log.exported
    assert log.partitions == 2
    assert [e.clock for e in log.ends] == [70, 80]
    run = log.runs(1)[USAGE]
    assert [(record.offset, record.timestamp) for record in run.records(0, 2)] == [(4, 30), (12, 40)]
    assert run.place(12) == (tmp_path / "x", 2)


def test_across_topics_a_record_stands_at_its_effective_time(tmp_path: Path) -> None:
    lines = (
        line(USAGE, 0, 0, 100),
        line(USAGE, 0, 1, 10),  # recorded after the one at 100: its effective time is 100
        line(CRM, 0, 0, 50),
        line(CRM, 0, 1, 100),
    )
    sent = list(read(write(tmp_path / "x", *lines, end(0))).in_order())
    assert [(record.topic, record.timestamp) for record in sent] == [(CRM, 50), (CRM, 100), (USAGE, 100), (USAGE, 10)]


def test_the_parts_of_an_export_make_one_log(tmp_path: Path) -> None:
    parts = write(tmp_path / "b", line(USAGE, 0, 1, 2), end(0)), write(tmp_path / "a", line(USAGE, 0, 0, 1))
    assert [record.timestamp for record in read(*parts).in_order()] == [1, 2]


def test_a_part_given_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x", line(USAGE, 0, 3, 1), end(0))
    with pytest.raises(DetectorError, match=r"x:1: usage.events.v1/0 offset 3 stands twice") as caught:
        read(path, path)
    assert caught.value.exit_code == IO


def test_an_export_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    for lines in ((line(USAGE, 0, 0, 1),), (line(USAGE, 1, 0, 1), end(1))):
        with pytest.raises(DetectorError, match="the end line of partition 0 is missing") as caught:
            read(write(tmp_path / "x", *lines))
        assert caught.value.exit_code == IO


def test_an_export_keeps_its_partitions(tmp_path: Path) -> None:
    reader = read_files([write(tmp_path / "x", line(USAGE, 1, 0, 1), end(0), end(1))], topic_of=TOPIC_OF)
    assert reader.topics() == [USAGE]
    assert reader.log(2).partitions == 2
    with pytest.raises(DetectorError, match="the export has 2 partitions, 3 are asked for") as caught:
        reader.log(3)
    assert caught.value.exit_code == CONFIG


BAD = [
    (b"{", "bad_json"),
    (b"[]", "not_object"),
    (b'{"topic":"t","partition":0,"offset":1,"timestamp":1,"headers":[],"key":"\xff","value":null}', "bad_utf8"),
    (b'{"topic":"t","offset":1,"timestamp":1,"headers":[],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":-1,"offset":1,"timestamp":1,"headers":[],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":99999999,"offset":1,"timestamp":1,"headers":[],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":0,"timestamp":1,"headers":[],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":0,"offset":1,"headers":[],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":0,"offset":1,"timestamp":1,"headers":[],"key":null}', "schema"),
    (b'{"topic":"t","partition":0,"offset":1,"timestamp":1,"headers":[],"key":null,"value_b64":"?"}', "schema"),
    (b'{"topic":"t","partition":0,"offset":1,"timestamp":1,"headers":[["n","?"]],"key":null,"value":null}', "schema"),
    (b'{"topic":"t","partition":0,"offset":1' + b"0" * 30 + b',"timestamp":1,"key":null,"value":null}', "schema"),
    (b'{"partition":0}', "schema"),
    (
        b'{"topic":"t","partition":0,"offset":1,"timestamp":4102444800000,"headers":[],"key":null,"value":null}',
        "timestamp_out_of_range",
    ),
    (b'{"partition":0,"clock":4102444800000}', "timestamp_out_of_range"),
]


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_a_bad_line_is_put_aside_and_the_rest_goes_on(tmp_path: Path, text: bytes, reason: str) -> None:
    path = write(tmp_path / "x", line(USAGE, 0, 0, 1), text, line(USAGE, 0, 1, 2), end(0))
    log = read(path)
    assert len(log) == 2
    assert [(bad.file, bad.line, bad.reason, bad.value) for bad in log.bad] == [(path, 2, reason, text)]


def test_an_export_is_told_even_when_its_first_lines_are_broken(tmp_path: Path) -> None:
    log = read(write(tmp_path / "x", b"{", b"[1]", line(USAGE, 0, 0, 1), end(0)))
    assert log.exported
    assert len(log.bad) == 2
