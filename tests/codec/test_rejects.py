"""Every reason why a record is no event, and where the line runs."""

from zlib import crc32

import msgspec
import pytest

from detector.codec import decode, partition_of
from detector.domain.record import RECORD_TIMES_END, Reject
from schemas.example import of_event
from schemas.refusal import REASONS
from tests.codec.records import NOW, PARTITIONS, decoded, event_of, record, reject_of, text, usage

DAY_MS = 86_400_000
PLAIN = text(usage())

# One record for every reason but `internal`, which has a test of its own.
REFUSED = {
    "too_large": record(text(usage(plan="x" * 256 * 1024))),
    "bad_utf8": record(PLAIN.replace(b"export", b"exp\xffrt")),
    "bad_json": record(PLAIN.replace(b'"count": 3', b'"count": NaN')),
    "not_object": record(text([usage()])),
    "null_value": record(None),
    "bad_key": record(PLAIN, key=None),
    "key_mismatch": record(PLAIN, key=b"globex"),
    "unknown_type": record(text(usage(event_type="usage.forgotten"))),
    "schema": record(text(usage(count=0))),
    "timestamp_out_of_range": record(PLAIN, timestamp=NOW - 5 * 60_000 - 1),
    "too_late": record(PLAIN, timestamp=NOW + 70 * DAY_MS + 1),
    "unsupported_version": record(text(usage(schema_version="2.0"))),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_each_reason_has_a_record_that_shows_it(reason: str) -> None:
    found = reject_of(REFUSED[reason])
    assert found.code == reason
    assert 0 < len(found.detail) <= 200


def test_a_record_in_a_partition_where_its_key_does_not_belong_is_misrouted() -> None:
    home = partition_of(b"acme", PARTITIONS)
    found = reject_of(record(PLAIN), partition=(home + 1) % PARTITIONS)
    assert (found.code, found.event_type) == ("misrouted", "usage.recorded")
    assert f"belongs into {home} of {PARTITIONS}" in found.detail


def test_an_emitter_that_misroutes_is_told_what_to_set() -> None:
    home, librdkafkas = partition_of(b"acme", PARTITIONS), crc32(b"acme") % PARTITIONS
    assert home != librdkafkas
    assert "partitioner=murmur2_random" in reject_of(record(PLAIN), partition=librdkafkas).detail
    (elsewhere, *_) = {*range(PARTITIONS)} - {home, librdkafkas}
    assert "(murmur2 of the key)" in reject_of(record(PLAIN), partition=elsewhere).detail


class Broken:
    """A record whose key cannot be had: a fault that no record of a log has."""

    offset, timestamp, value, headers = 0, NOW, PLAIN, ()

    def __init__(self, fault: BaseException) -> None:
        self._fault = fault

    @property
    def key(self) -> bytes:
        raise self._fault


@pytest.mark.parametrize("fault", [ZeroDivisionError("secret"), RecursionError(), MemoryError()])
def test_a_fault_of_ours_is_a_reject_too_and_tells_nothing_of_the_record(fault: BaseException) -> None:
    found = decode(Broken(fault), topic="usage.events.v1", partition=0, partitions=1)
    assert found == Reject("internal", f"{type(fault).__name__} in the decoder")


def test_every_reason_of_the_contract_is_shown_here() -> None:
    assert {*REFUSED, "misrouted", "internal"} == set(REASONS)


def test_a_value_of_exactly_256_kib_is_taken() -> None:
    padding = 256 * 1024 - len(text(usage(plan="")))
    assert event_of(text(usage(plan="x" * padding))).account_id == "acme"
    assert reject_of(record(text(usage(plan="x" * (padding + 1))))).code == "too_large"


def test_five_minutes_ahead_and_the_first_moment_of_2000_are_still_in_range() -> None:
    assert event_of(PLAIN, timestamp=NOW - 5 * 60_000).occurred_at == NOW
    assert (
        event_of(text(of_event("stage.entered") | {"occurred_at": "2000-01-01T00:00:00Z"})).occurred_at
        == 946_684_800_000
    )
    found = reject_of(record(text(of_event("stage.entered") | {"occurred_at": 946_684_799_999})))
    assert found.code == "timestamp_out_of_range"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (NOW - 8 * 60_000 - 30_000, "occurred_at: 8.5 minutes ahead of the record's time"),
        (NOW - 1_234 * DAY_MS, "occurred_at: 1,234.0 days ahead of the record's time"),
        (NOW + 71 * DAY_MS, "occurred 71.0 days before its record's time"),
    ],
)
def test_how_far_a_time_is_out_is_said_as_a_person_reads_it(now: int, said: str) -> None:
    assert reject_of(record(PLAIN, timestamp=now)).detail == said


@pytest.mark.parametrize("now", [0, NOW])
def test_what_failed_is_said_of_a_time_before_2000_whatever_the_record_s_time(now: int) -> None:
    found = reject_of(record(text(of_event("stage.entered") | {"occurred_at": 0}), timestamp=now))
    assert (found.code, found.detail) == ("timestamp_out_of_range", "occurred_at: before the year 2000")


def test_a_record_time_from_2100_on_is_out_of_range_whatever_the_record_holds() -> None:
    stage = text(of_event("stage.entered"))
    assert event_of(stage, timestamp=RECORD_TIMES_END - 1).occurred_at == NOW
    for value in (stage, b"{", text(usage(event_type="usage.forgotten"))):
        found = reject_of(record(value, timestamp=RECORD_TIMES_END))
        assert (found.code, found.detail) == ("timestamp_out_of_range", "the record's own time is past the year 2099")


def test_usage_of_exactly_70_days_ago_is_taken_and_a_stage_of_any_age() -> None:
    assert event_of(PLAIN, timestamp=NOW + 70 * DAY_MS).occurred_at == NOW
    assert event_of(text(of_event("stage.entered")), timestamp=NOW + 7000 * DAY_MS).occurred_at == NOW


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe"])
def test_no_key_an_empty_one_and_one_that_is_no_text_are_bad_keys(key: bytes | None) -> None:
    assert reject_of(record(PLAIN, key=key)).code == "bad_key"


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"acme", b"_feed"])
def test_a_heartbeat_is_taken_under_any_key_in_any_partition(key: bytes | None) -> None:
    for partition in range(3):
        found = decoded(record(text(of_event("feed.heartbeat")), key=key), partition)
        assert not isinstance(found, Reject)


def test_a_heartbeat_must_still_keep_to_its_time() -> None:
    assert (
        reject_of(record(text(of_event("feed.heartbeat")), timestamp=NOW - 3_600_000)).code == "timestamp_out_of_range"
    )


def test_what_is_wrong_inside_a_value_is_told_before_what_is_wrong_with_its_key() -> None:
    assert reject_of(record(b"{", key=None)).code == "bad_json"
    assert reject_of(record(text(usage(count=0)), key=b"globex")).code == "schema"


def test_a_newer_major_is_told_before_a_type_or_field_that_only_it_knows() -> None:
    body = usage(schema_version="3.1", event_type="usage.dreamt", count="many")
    assert reject_of(record(text(body))).code == "unsupported_version"


def test_a_reject_says_who_sent_what_as_far_as_that_can_be_told() -> None:
    told = [
        (r.source, r.event_type) for r in (reject_of(REFUSED[name]) for name in ("schema", "unknown_type", "too_late"))
    ]
    assert told == [("product", "usage.recorded"), ("product", "usage.forgotten"), ("product", "usage.recorded")]
    assert reject_of(record(b"[]")) == Reject("not_object", "a list where an object is expected")
    nameless = reject_of(record(text({"source": 5, "event_type": None})))
    assert (nameless.source, nameless.event_type) == ("unknown", "")


def test_what_an_emitter_wrote_is_escaped_and_cut_in_a_reject() -> None:
    forged = "x\r\nlevel=ERROR \x1b[31m\u2028" + "é" * 300
    found = reject_of(record(text(usage(event_type=forged, source=forged))))
    assert found.code == "unknown_type"
    for shown, longest in ((found.detail, 200), (found.event_type, 128), (found.source, 128)):
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown) <= longest
    assert found.source.startswith(r"x\r\nlevel=ERROR \x1b[31m\u2028\xe9")


def test_a_detail_never_repeats_names_that_only_the_emitter_knows() -> None:
    found = reject_of(record(text(usage(labels={"jane.doe@example.com": 7}))))
    assert (found.code, found.detail) == ("schema", "labels: Input should be a valid string")


def test_a_reject_is_kept_by_its_own_codec() -> None:
    found = reject_of(REFUSED["schema"])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Reject) == found


def test_a_header_s_name_that_is_not_utf_8_is_bad_utf_8() -> None:
    raw = record(text(usage()), headers=(("trace", b"\xff"), ("n\udcff", b"1")))
    assert reject_of(raw) == Reject("bad_utf8", "the name of a header is not UTF-8")
    assert not isinstance(decoded(record(text(usage()), headers=(("имя", b"1"),))), Reject)
