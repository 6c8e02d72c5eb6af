"""Public corpora of bad input: the verdict on every case is frozen, and no naughty string does any harm."""

import json

import msgspec
import pytest

from detector.codec import encode_dead_letter, partition_of
from detector.domain.events import UsageRecorded
from detector.domain.record import DeadLetter, Reject
from schemas.refusal import REASONS
from tests.codec.corpus import FIELDS, GOLDEN, json_cases, naughty_strings, naughty_verdicts, verdicts, written
from tests.codec.records import PARTITIONS, decoded, record, text, usage


def test_the_verdict_on_every_case_of_both_corpora_is_the_frozen_one() -> None:
    """As a value, inside one, as a key, as a header, and in every field that is kept."""
    assert written() == GOLDEN.read_text("utf-8"), "`python -m tests.codec.corpus` writes it anew"


def test_no_case_of_both_corpora_meets_a_fault_of_ours() -> None:
    found = {verdict for row in (*verdicts().values(), *naughty_verdicts()) for verdict in row.values()}
    assert found - set("ynit") <= {"taken", *REASONS} - {"internal"}


def test_the_suite_is_whole() -> None:
    expected = [expect for _, expect, _ in json_cases()]
    assert [expected.count(kind) for kind in "ynit"] == [95, 188, 35, 22]
    assert len(naughty_strings()) == 515 + 7


def test_what_is_no_json_is_refused_as_a_value_and_inside_an_event_and_what_is_json_is_not() -> None:
    for name, verdict in verdicts().items():
        if verdict["expect"] == "n":
            assert {verdict["whole"], verdict["inside"]} <= {"bad_json", "bad_utf8"}, name
        if verdict["expect"] == "y":
            assert verdict["whole"] in {"not_object", "schema"}, name
            assert verdict["inside"] == "taken", name


def test_every_case_is_harmless_as_a_key_and_a_dead_letter_keeps_it_untouched() -> None:
    value = text(usage())
    for name, _, case in json_cases():
        for raw in (record(value, key=case), record(case)):
            found = decoded(raw)
            assert isinstance(found, Reject), name
            key, kept, headers = encode_dead_letter(DeadLetter("usage.events.v1", 3, raw, found))
            assert (key, kept) == (raw.key, raw.value)
            assert all(text.isascii() and text.decode().isprintable() for _, text in headers)


@pytest.mark.parametrize("field", FIELDS[:-2])
def test_a_naughty_string_is_kept_as_it_is_or_refused_by_the_schema(field: str) -> None:
    taken = 0
    for naughty in naughty_strings():
        for value in (text(usage(**{field: naughty})), json.dumps(usage(**{field: naughty})).encode()):
            key = naughty.encode("utf-8", "replace") if field == "account_id" else b"acme"
            found = decoded(record(value, key=key), partition_of(key, PARTITIONS))
            if isinstance(found, Reject):
                assert found.code in {"schema", "bad_utf8", "bad_json"}, naughty
            else:
                assert isinstance(found, UsageRecorded)
                folded = naughty.casefold() if field in {"feature", "department", "product"} else naughty
                assert getattr(found, field) == folded
                assert msgspec.json.decode(msgspec.json.encode(found), type=UsageRecorded) == found
                taken += 1
    assert taken > 700


@pytest.mark.parametrize("field", ["plan", "labels"])
def test_a_naughty_string_that_is_never_kept_changes_nothing(field: str) -> None:
    plain = decoded(record(text(usage())))
    for naughty in naughty_strings():
        if naughty == "\ud800" or len(naughty) > 4096:
            continue
        sent = naughty if field == "plan" else {"note": naughty}
        assert decoded(record(text(usage(**{field: sent})))) == plain
