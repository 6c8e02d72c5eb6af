"""The forms in which an event may come: plain, framed, wrapped as a CloudEvent; and what of it is kept."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from detector.codec import decode, partition_of
from detector.domain import events as e
from schemas.example import of_event
from tests.codec.records import NOW, decoded, event_of, record, reject_of, text, usage

PLAIN = text(usage())
BINARY = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"ce-1"),
    ("ce_type", b"usage.recorded"),
    ("ce_source", b"/product/eu"),
    ("ce_time", b"2026-03-02T09:00:01Z"),
    ("content-type", b"application/json"),
)
STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)


def test_an_event_is_kept_with_its_time_in_milliseconds_and_its_names_folded() -> None:
    body = usage(occurred_at="2026-03-02T10:00:00.5+01:00", feature="Export STRASSE", department="Straße", product="ÇA")
    assert event_of(text(body)) == e.UsageRecorded(
        event_id="example-usage.recorded",
        account_id="acme",
        occurred_at=NOW + 500,
        source="product",
        stakeholder_id="u-17",
        feature="export strasse",
        department="strasse",
        product="ça",
        schema_version="1.0",
        count=3,
        duration_seconds=41.5,
        value_moment=True,
    )


def test_confluents_framing_is_stripped() -> None:
    assert event_of(b"\0\0\0\x01\x2a" + PLAIN) == event_of(PLAIN)
    pulse = text(of_event("pulse.recorded"))
    assert event_of(b"\0\0\0\x01\x2a" + pulse) == event_of(pulse)


@pytest.mark.parametrize("value", [b"\0", b"\0\0\0\x01", b"\0\0\0\x01\x2a", b"\x01\0\0\x01\x2a{}"])
def test_a_frame_with_nothing_in_it_is_bad_json(value: bytes) -> None:
    assert reject_of(record(value)).code == "bad_json"


def test_headers_that_speak_of_no_cloudevent_change_nothing() -> None:
    headers = (("traceparent", b"\xff\x00"), ("content-type", b"application/json"), ("source", b"elsewhere"))
    assert decoded(record(PLAIN, headers=headers)) == event_of(PLAIN)


def test_a_binary_cloudevent_fills_what_the_event_itself_does_not_say() -> None:
    bare = text(usage(event_id=..., event_type=..., source=..., occurred_at=...))
    found = decoded(record(bare, headers=BINARY))
    assert isinstance(found, e.UsageRecorded)
    assert (found.event_id, found.source, found.occurred_at) == ("ce-1", "/product/eu", NOW + 1000)
    assert decoded(record(PLAIN, headers=BINARY)) == event_of(PLAIN)


def test_a_structured_cloudevent_holds_the_event_in_its_data() -> None:
    wrapping = {
        "specversion": "1.0",
        "id": "ce-1",
        "type": "usage.recorded",
        "source": "/product",
        "data": usage(source=...),
    }
    found = decoded(record(text(wrapping), headers=STRUCTURED))
    assert isinstance(found, e.UsageRecorded)
    assert (found.event_id, found.source) == ("example-usage.recorded", "/product")


@pytest.mark.parametrize(
    ("wrapping", "reason"),
    [
        ({"specversion": "1.0", "data": "text"}, "schema"),
        ({"specversion": "1.0", "data_base64": "e30="}, "schema"),
        ({"specversion": "0.3", "data": usage()}, "unsupported_version"),
        ({"data": usage()}, "unsupported_version"),
        ({"specversion": "1.0", "data": usage(count=0)}, "schema"),
        ([], "not_object"),
    ],
)
def test_a_structured_cloudevent_that_is_none_is_refused(wrapping: Any, reason: str) -> None:
    assert reject_of(record(text(wrapping), headers=STRUCTURED)).code == reason


def test_a_binary_cloudevent_of_another_specversion_or_not_of_text_is_refused() -> None:
    assert reject_of(record(PLAIN, headers=(("ce_specversion", b"2.0"),))).code == "unsupported_version"
    assert reject_of(record(PLAIN, headers=(("ce_specversion", b"1.0"), ("ce_id", b"\xff")))).code == "schema"


def test_a_reject_of_a_cloudevent_says_who_sent_what() -> None:
    bare = text(usage(event_type=..., source=..., count=0))
    found = reject_of(record(bare, headers=BINARY))
    assert (found.code, found.source, found.event_type) == ("schema", "/product/eu", "usage.recorded")


def test_of_an_updated_account_absent_is_unset_and_null_is_cleared() -> None:
    found = event_of(text(of_event("account.updated") | {"renewal_date": None}))
    assert isinstance(found, e.AccountUpdated)
    assert found.renewal_date is None
    assert found.holidays == (date(2026, 4, 3), date(2026, 4, 6))
    assert found.working_days == ("mon", "tue", "wed", "thu", "fri")
    assert found.traits == {"employees": 240.0, "industry_code": 62.01}
    thin = event_of(text({**usage(count=...), "event_type": "account.updated", "stage": "value"}))
    assert isinstance(thin, e.AccountUpdated)
    assert (thin.stage, thin.owner_id, thin.renewal_date) == ("value", msgspec.UNSET, msgspec.UNSET)


def test_a_schedule_is_kept_in_milliseconds() -> None:
    found = event_of(text(of_event("goal.set")))
    assert isinstance(found, e.GoalSet)
    assert found.schedule == (
        e.SchedulePoint(at=1_775_001_600_000, expected=7.0),
        e.SchedulePoint(at=1_782_864_000_000, expected=4.0),
    )


@pytest.mark.parametrize(("promise", "promised"), [("4 days saved", True), ("  ", False), (None, False), (..., False)])
def test_of_a_promised_value_only_that_there_was_one_is_kept(promise: object, promised: bool) -> None:
    body = {name: v for name, v in (of_event("deal.closed") | {"promised_value": promise}).items() if v is not ...}
    found = event_of(text(body))
    assert isinstance(found, e.DealClosed)
    assert found.promised is promised
    assert b"saved" not in msgspec.json.encode(found)


def test_names_labels_and_free_text_are_never_kept() -> None:
    words = "jane.doe@example.com"
    for kind, field in (
        ("account.updated", "name"),
        ("goal.set", "name"),
        ("pulse.recorded", "reason"),
        ("assessment.recorded", "reason"),
        ("onboarding.blocked", "reason"),
        ("outcome.recorded", "reason"),
        ("deal.closed", "promised_value"),
        ("competitor.mentioned", "competitor"),
    ):
        kept = event_of(text(of_event(kind) | {field: words, "labels": {"who": words}}))
        assert words not in json.dumps(msgspec.to_builtins(kept), default=str)


def test_keys_belong_where_the_java_client_puts_them() -> None:
    # the vectors of Apache Kafka's own test of Utils.murmur2, as partitions of a topic with 2^31 - 1 of them
    murmurs = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    for key, murmur in murmurs.items():
        assert partition_of(key, 24) == (murmur & 0x7FFFFFFF) % 24


def test_any_type_is_taken_from_any_in_topic() -> None:
    raw = record(text(of_event("ticket.created")))
    place = partition_of(b"acme", 24)
    found = [decode(raw, topic=t, partition=place, partitions=24) for t in ("usage.events.v1", "crm.events.v1")]
    assert found[0] == found[1]
    assert isinstance(found[0], e.TicketCreated)
