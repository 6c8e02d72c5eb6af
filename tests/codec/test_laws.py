"""Laws of the decoder: what the fast way takes the models take with equal values; and nothing makes it raise."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from detector import codec
from detector.domain.events import EVENT_TYPES, VOUCHED, Event
from detector.domain.record import Record, Reject
from schemas.events import MODELS
from schemas.example import of_event
from schemas.refusal import REASONS, Refused
from tests.codec.corpus import json_cases, naughty_strings
from tests.codec.records import NOW, PARTITIONS, decoded, record, text, usage

bounded = settings(max_examples=200, derandomize=True, database=None, deadline=None)

NAUGHTY = naughty_strings()
# JSON as text, so that what two readers may read differently is among it.
TOKENS = (
    *("null", "true", "false", "0", "-0", "1", "-1", "1.0", "1.5", "-0.0", "1e2", "1E400", "-1e400", "1e-400", "3.0e0"),
    *("9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740992", "9223372036854775808"),
    *(
        "0.1",
        "2.2250738585072011e-308",
        "123456789012345678901234567890",
        "1" * 400,
        "1" * 5000,
        "01",
        "1.",
        ".5",
        "+1",
    ),
    *("NaN", "Infinity", "-Infinity", "[]", "{}", "[null]", '{"a":[]}', "[[[[[[[]]]]]]]", "[[[[[[[[]]]]]]]]"),
    *(
        '""',
        '"a"',
        '"A"',
        '"ß"',
        '"\\u00df"',
        '"\\ud83d\\ude00"',
        '"\\ud800"',
        '"a\\n"',
        '"a\\u0085"',
        '"\\u2028"',
        '"\\/"',
    ),
    *('"2026-03-02T09:00:00Z"', '"2026-03-02 09:00:00.1234567+0130"', '"2026-02-29T09:00:00Z"', '"2026-03-02"'),
    *(
        '"2026-03-02T09:00:00"',
        '"2026-03-02T09:00:60Z"',
        '"0001-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59.9999999Z"',
    ),
    *(
        '"jane@example.com"',
        '"jane\\u0040example.com"',
        '["pricing"]',
        '["pricing","weather"]',
        '["pricing","pricing"]',
    ),
    *('"sponsor"', '"outbound"', '"1"', '"1.0"', '"1.1"', '"2.0"', '"_feed"', '{"a":"b"}', '{"a":1}', '"x\\ty"'),
)
KEYS = (
    "labels",
    "\\u006cabels",
    "lab\\u0065ls",
    "name",
    "reason",
    "count",
    "unknown",
    "",
    "event_type",
    "data",
    "\u2028",
)

tokens = st.one_of(
    st.sampled_from(TOKENS),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(json.dumps),
    st.datetimes(timezones=st.timezones()).map(lambda at: json.dumps(at.isoformat())),
    st.sampled_from([json.dumps(each, ensure_ascii=False) for each in NAUGHTY if each != "\ud800"]),
    st.text(max_size=140).map(json.dumps),
)


@st.composite
def events_as_text(draw: st.DrawFn, types: tuple[str, ...] = tuple(MODELS)) -> bytes:
    """An event of some type of which some fields are something else, doubled, missing or new."""
    name = draw(st.sampled_from(types))
    written = [(key, json.dumps(value)) for key, value in of_event(name).items()]
    places = [key for key, _ in written] + [*MODELS[name].model_fields, *KEYS]
    changes = draw(st.lists(st.tuples(st.sampled_from(places), tokens), max_size=3))
    missing = draw(st.sets(st.sampled_from(places), max_size=1))
    pairs = [pair for pair in written if pair[0] not in missing]
    for key, token in changes:
        at = draw(st.integers(0, len(pairs)))
        if draw(st.booleans()):
            pairs = [pair for pair in pairs if pair[0] != key]
        pairs.insert(at, (key, token))
    space = draw(st.sampled_from(("", " ", "\n\t ")))
    body = ("," + space).join(f'"{key}":{space}{token}' for key, token in pairs)
    return f"{{{body}}}{space}".encode("utf-8", draw(st.sampled_from(("replace", "surrogatepass"))))


def slow(value: bytes) -> Event | str:
    try:
        return codec._slow(record(value))
    except Refused as refused:
        return refused.reason


@settings(bounded, max_examples=800)
@given(events_as_text(types=tuple(cls.event_type for cls in VOUCHED)))
def test_what_the_fast_way_takes_the_models_take_with_equal_values(value: bytes) -> None:
    fast = codec._fast(value)
    if fast is not None:
        assert repr(fast) == repr(slow(value))


def test_a_very_long_integer_is_the_same_to_both() -> None:  # 21 digits were once a float on the slow way
    for digits in (19, 21, 310, 5000):
        value = text(usage(occurred_at=0)).replace(
            b'"occurred_at": 0', b'"occurred_at": -1' + b"0" * (digits - 2) + b"1"
        )
        fast = codec._fast(value)
        assert slow(value) == "schema" if fast is None else repr(fast) == repr(slow(value))


@bounded
@given(st.data())
def test_the_same_holds_of_bytes_that_were_damaged(data: st.DataObject) -> None:
    value = bytearray(data.draw(events_as_text()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        value[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    fast = codec._fast(bytes(value))
    if fast is not None:
        assert repr(fast) == repr(slow(bytes(value)))


def test_the_fast_way_takes_the_examples_of_the_types_it_can_vouch_for_and_no_others() -> None:
    taken = {name for name in MODELS if codec._fast(text(of_event(name))) is not None}
    assert taken == {cls.event_type for cls in VOUCHED}


def test_the_fast_way_is_guarded_against_what_the_typed_decoder_alone_would_take() -> None:
    traps = [
        text(usage(account_id="ac\x85me")),
        text(usage(stakeholder_id="jane.doe@example.com")),
        text(usage(labels={"size": 3})),
        text(usage()).replace(b'"source"', b'"\\u006cabels": 3, "source"'),
        text(usage(plan=[[[[[[[[0]]]]]]]])),
        text(usage()).replace(b'"source"', b'"plan": "\xff", "source"'),
        text(usage(schema_version="latest")),
    ]
    assert [codec._fast(trap) for trap in traps] == [None] * len(traps)
    assert {slow(trap) for trap in traps} == {"schema", "bad_json", "bad_utf8"}
    assert all(isinstance(codec._typed(trap), Event) for trap in traps)


headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_specversion", "ce_id", "ce_time", "ce_type", "ce_source", "content-type", "x"])
        | st.text(max_size=5),
        st.sampled_from([b"1.0", b"application/cloudevents+json", b"", b"\xff"]) | st.binary(max_size=20),
    ),
    max_size=4,
)
values = st.one_of(
    st.none(),
    st.binary(max_size=200),
    events_as_text(),
    st.sampled_from([case for _, _, case in json_cases()]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
    .map(json.dumps)
    .map(str.encode),
)


@settings(bounded, max_examples=400)
@given(
    value=values,
    key=st.none() | st.binary(max_size=20) | st.just(b"acme"),
    found_headers=headers,
    timestamp=st.integers(-(2**63), 2**63 - 1) | st.just(NOW),
    framed=st.booleans(),
)
def test_the_decoder_never_raises_and_gives_an_event_or_a_reason_of_the_contract(
    value: bytes | None, key: bytes | None, found_headers: list[tuple[str, bytes]], timestamp: int, framed: bool
) -> None:
    sent = b"\0\0\0\0\x07" + value if framed and value is not None else value
    raw = Record(offset=0, timestamp=timestamp, key=key, value=sent, headers=found_headers)
    found: Any = codec.decode(raw, topic="crm.events.v1", partition=0, partitions=1)
    assert isinstance(found, Event | Reject)
    if isinstance(found, Reject):
        assert found.code in set(REASONS) - {"internal"}
        assert found.detail.isascii()
        assert found.detail.isprintable()
        assert len(found.detail) <= 200


@bounded
@given(st.binary(max_size=300), st.sampled_from([cls.event_type for cls in EVENT_TYPES.values()]))
def test_it_says_the_same_twice(noise: bytes, name: str) -> None:
    value = text(of_event(name)) + noise
    assert decoded(record(value)) == decoded(record(value))
    assert codec.partition_of(noise, PARTITIONS) in range(PARTITIONS)
