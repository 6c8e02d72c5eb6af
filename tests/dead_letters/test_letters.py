"""Dead letters without a broker: how they are read back, chosen, shown, and judged anew."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import click
import pytest

from detector.cli import run as run_command
from detector.codec import encode_dead_letter, partition_of
from detector.dead_letters import cli
from detector.dead_letters.advice import ADVICE, advice
from detector.dead_letters.choice import Choice, Range, RangeParameter, merged
from detector.dead_letters.letter import Letter, letter_of
from detector.dead_letters.replay import Target, judge
from detector.dead_letters.shown import LONGEST, line, lines, rendered
from detector.domain.record import DeadLetter, RawRecord, Reject
from schemas.generate import ROOT
from schemas.refusal import REASONS
from tests.codec.records import NOW, PARTITIONS, record, reject_of, text, usage

DAY = 86_400_000
TOPIC = "eu-usage.events.v1"
LIVE = Target({TOPIC: PARTITIONS}, imports=False, now=NOW)


def read_back(raw: RawRecord, reject: Reject, *, topic: str = TOPIC, partition: int = 5) -> Letter:
    """What `encode_dead_letter` writes, as a consumer would give it."""
    key, value, headers = encode_dead_letter(DeadLetter(topic, partition, raw, reject))
    found = letter_of(SimpleNamespace(partition=3, offset=17, timestamp=NOW, key=key, value=value, headers=headers))
    assert found is not None
    return found


def letter(value: bytes | None = b"{", *, partition: int | None = None, **how: Any) -> Letter:
    """A dead letter of such a record."""
    raw = record(value, **how)
    return read_back(raw, reject_of(raw, partition))


def test_a_dead_letter_is_read_back_with_what_was_added_told_apart_from_what_it_brought() -> None:
    brought = (("trace", b"\x00\xff"), ("dlq.reason", b"of a former life"))
    found = letter(text(usage(count=0)), headers=brought)
    assert (found.name, found.original, found.reason) == ("3:17", "eu-usage.events.v1/5:7", "schema")
    assert (found.key, found.value, tuple(found.headers)) == (b"acme", text(usage(count=0)), brought)
    assert (found.recorded_at, found.died_at, found.version, found.whole) == (NOW, NOW, "1.0", True)


@pytest.mark.parametrize(
    "headers",
    [[], [("dlq.reason", b"schema")], [("a", b"\xff")] * 7, [("a", None)] * 7, [(f"dlq.{n}", b"") for n in "1234567"]],
)
def test_what_the_detector_has_not_written_is_no_dead_letter(headers: Any) -> None:
    assert letter_of(SimpleNamespace(partition=0, offset=0, timestamp=0, key=None, value=None, headers=headers)) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3", Range(3, 0, None)),
        ("3:17", Range(3, 17, 17)),
        ("3:17-29", Range(3, 17, 29)),
        ("3:17-", Range(3, 17, None)),
        ("3:-29", Range(3, 0, 29)),
        ("3:0", Range(3, 0, 0)),
    ],
)
def test_a_range_is_a_partition_and_offsets_with_both_ends(written: str, meant: Range) -> None:
    assert RangeParameter().convert(written, None, None) == meant


@pytest.mark.parametrize("written", ["", ":", "3:", "a:1", "3:9-2", "3-4", "3:1-2-3", "-1", "٣:1", "3:1:2"])
def test_what_is_no_range_is_wrong_usage(written: str) -> None:
    with pytest.raises(click.BadParameter):
        RangeParameter().convert(written, None, None)


@pytest.mark.parametrize(
    ("choice", "takes"),
    [
        (Choice(), True),
        (Choice(reasons=["bad_json", "schema"]), True),
        (Choice(reasons=["schema"]), False),
        (Choice(topics=["usage.events.v1"]), True),
        (Choice(topics=[TOPIC]), True),
        (Choice(topics=["crm.events.v1"]), False),
        (Choice(since=NOW, until=NOW + 1), True),
        (Choice(since=NOW + 1), False),
        (Choice(until=NOW), False),
    ],
)
def test_a_choice_takes_by_reason_topic_and_time_of_death(choice: Choice, takes: bool) -> None:
    assert choice.takes(letter()) is takes


@pytest.mark.parametrize(
    ("written", "once"),
    [
        ("3 3:17", [Range(3)]),
        ("3:17 3", [Range(3)]),
        ("3:17-29 3:20-40 3:41 2:5", [Range(2, 5, 5), Range(3, 17, 40), Range(3, 41, 41)]),
        ("3:17-29 3:29-30 3:18-20", [Range(3, 17, 30)]),
        ("3:17-29 3:20- 3:99", [Range(3, 17)]),
        ("1:0 1:0 2:0", [Range(1, 0, 0), Range(2, 0, 0)]),
    ],
)
def test_ranges_that_overlap_mean_each_letter_once(written: str, once: list[Range]) -> None:
    assert merged([RangeParameter().convert(one, None, None) for one in written.split()]) == once


def test_the_size_of_a_letter_is_that_of_all_that_it_came_with() -> None:
    assert letter(b"12345", key=b"123", headers=(("ab", b"c"),)).size == 11


def test_a_replay_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Fifty thousand letters of 250 KB would be twelve gigabytes in memory."""

    async def each(settings: object, choice: object, take: Callable[[Letter], object]) -> None:
        for _ in range(3):
            take(letter(bytes(900_000)))

    async def target(*_: object, **__: object) -> Target:
        return LIVE

    monkeypatch.setattr(cli, "_each", each)
    monkeypatch.setattr("detector.dead_letters.replay.target", target)
    monkeypatch.setattr(cli, "MOST_BYTES", 2 << 20)
    assert run_command(["dead-letters", "replay", "0", "--brokers", "127.0.0.1:9"]) == 74
    said = "there are more than 50,000 or 2 MiB in these ranges — name smaller ones"
    assert said in capsys.readouterr().err


def test_every_reason_has_its_advice_and_stands_in_the_page() -> None:
    page = (ROOT / "docs/dead_letters.md").read_text("utf-8")
    assert set(ADVICE) == set(REASONS)
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []
    assert "another release" in advice("of_tomorrow")


def test_what_is_shown_of_bytes_can_end_no_line_and_steer_no_terminal() -> None:
    forged = b"\x1b[2Jx\r\nlevel=ERROR \xe2\x80\xae\xff\x00"
    shown = "\n".join(lines(letter(b'"' + forged, key=forged, headers=(("h\n", forged),))))
    assert rendered(forged) == r"\x1b[2Jx\r\nlevel=ERROR \u202e\xff\x00"
    assert all(character == "\n" or character.isprintable() for character in shown)
    assert shown.count("level=ERROR") == 3
    assert not any(row.startswith("level=ERROR") for row in shown.splitlines())


def test_what_is_shown_says_why_where_and_what_to_do() -> None:
    found = letter(text(usage(count=0)))
    assert line(found).startswith("3:17  2026-03-02T09:00:00.000Z  schema  eu-usage.events.v1/5:7  count: ")
    shown = list(lines(found))
    assert "original     eu-usage.events.v1/5:7, recorded 2026-03-02T09:00:00.000Z" in shown
    assert shown[-1].startswith("what to do   The detail names the field")
    assert next(lines(letter(None, timestamp=-1))).startswith("dead letter  3:17")
    assert "value        null" in list(lines(letter(None)))


def test_a_large_value_and_a_thousand_headers_are_cut_when_shown() -> None:
    found = letter(b"x" * 300_000, headers=tuple((f"h{n}", b"1") for n in range(1_000)))
    shown = list(lines(found))
    assert len(shown) < 60
    assert max(map(len, shown)) < 2 * LONGEST
    assert "… and 296,000 bytes more" in "".join(shown)
    assert "             and 950 more" in shown


# -- sending again -----------------------------------------------------------------------------------------------------


def test_a_misrouted_record_would_go_where_its_key_belongs_byte_by_byte() -> None:
    value, headers = text(usage()), (("trace", b"\xff"),)
    found = judge(letter(value, partition=(partition_of(b"acme", PARTITIONS) + 1) % PARTITIONS, headers=headers), LIVE)
    assert found.sent is not None
    assert (found.sent.topic, found.sent.partition) == (TOPIC, partition_of(b"acme", PARTITIONS))
    assert (found.sent.key, found.sent.value, tuple(found.sent.headers)) == (b"acme", value, headers)


@pytest.mark.parametrize(
    ("value", "how", "why"),
    [
        (b"{", {}, "bad_json again: "),
        (None, {}, "null_value again: "),
        (text(usage(count=0)), {}, "schema again: count: "),
        (text(usage()), {"key": None}, "bad_key again: "),
        (text(usage()), {"key": b"globex"}, "key_mismatch again: "),
        (text(usage(schema_version="9.0")), {}, "unsupported_version again: "),
        (text(usage(occurred_at=NOW - 71 * DAY)), {}, "too_late again: "),
    ],
)
def test_what_would_be_refused_again_stays_and_it_is_said_why(value: bytes | None, how: Any, why: str) -> None:
    found = judge(letter(value, **how), LIVE)
    assert found.sent is None
    assert found.why.startswith(why)
    assert why.startswith(found.reason)


def test_what_was_only_too_early_would_be_taken_once_its_time_has_come() -> None:
    early = letter(text(usage(occurred_at=NOW + DAY)))
    assert early.reason == "timestamp_out_of_range"
    assert judge(early, LIVE).sent is None
    assert judge(early, Target({TOPIC: PARTITIONS}, imports=False, now=NOW + DAY)).sent is not None


def test_what_a_newer_release_understands_would_be_taken() -> None:
    """The verdict is that of the decoder that runs here, not the one that wrote the dead letter."""
    raw = record(text(usage()))
    assert judge(read_back(raw, Reject("unknown_type", "of an older release")), LIVE).sent is not None
    assert judge(read_back(raw, Reject("internal", "a fault that was mended")), LIVE).sent is not None


def test_on_import_topics_a_record_keeps_its_own_time() -> None:
    raw = record(text(usage()))
    imports = Target({TOPIC: PARTITIONS}, imports=True, now=NOW + 400 * DAY)
    found = judge(read_back(raw, Reject("internal", "mended")), imports)
    assert found.sent is not None
    assert found.sent.timestamp == NOW
    assert (
        judge(read_back(raw, Reject("internal", "mended")), Target(imports.partitions, False, imports.now)).sent is None
    )


def test_what_was_left_out_is_not_sent_as_if_it_were_whole() -> None:
    found = judge(letter(b"x" * (2 << 20)), LIVE)
    assert (found.sent, found.reason) == (None, "left_out")
    assert "take the original at eu-usage.events.v1/5:7" in found.why


def test_what_was_on_another_topic_stays() -> None:
    raw = record(text(usage()))
    found = judge(read_back(raw, Reject("internal", ""), topic="us-usage.events.v1"), LIVE)
    assert (found.sent, found.reason) == (None, "other_topic")
