"""The limit of dead letters: when everything turns invalid a worker stops, and one bad source stops nobody else."""

import asyncio
import logging
from collections.abc import Iterable

import pytest
from faust.types import TP

from detector.domain.record import Reject
from detector.streaming.limit import ONLY_COUNT, ONLY_SECONDS, WINDOW, DeadLetterLimit
from tests.streaming.fakes import Stage

GOOD = ""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fed(sources: Iterable[str], *, code: str = "schema", limit: DeadLetterLimit | None = None) -> DeadLetterLimit:
    """A limit that has heard of one record of `usage` after the other: a source's unusable one, or a good one."""
    limit = limit or DeadLetterLimit(["usage", "crm"], Clock())
    for source in sources:
        if source == GOOD:
            limit.taken["usage"] += 1
        else:
            limit.rejected("usage", Reject(code, "detail", source))
    return limit


def test_a_hundred_in_a_row_from_two_sources_trip_it_and_one_fewer_do_not() -> None:
    assert not fed([GOOD] * 5_000 + ["a", "b"] * 49 + ["a"]).tripped
    tripped = fed([GOOD] * 5_000 + ["a", "b"] * 50).tripped
    assert tripped == {"usage": "100 unusable records in a row, from a, b"}


def test_only_a_source_that_looks_like_an_id_is_named() -> None:
    """Nobody has checked what stands there in a record that could not be used."""
    (why,) = fed(["zaphod@heartofgold.example", "Zaphod Beeblebrox"] * 50).tripped.values()
    assert why == "100 unusable records in a row, from " + ", ".join(["a source whose name is not shown"] * 2)
    (why,) = fed(["zaphod@heartofgold.example", "crm-eu.2/sync"] * 50).tripped.values()
    assert why == "100 unusable records in a row, from crm-eu.2/sync, a source whose name is not shown"


def test_switched_off_it_never_trips() -> None:
    limit = DeadLetterLimit(["usage", "crm"], Clock(), on=False)
    assert not fed("ab" * 500, limit=limit).tripped


def test_one_good_record_begins_a_new_row() -> None:
    assert not fed([GOOD] * 5_000 + ["a", "b"] * 49 + [GOOD] + ["a", "b"] * 49).tripped


def test_more_than_half_of_the_latest_thousand_from_two_sources_trip_it_and_half_do_not() -> None:
    half = ["a", GOOD, "b", GOOD] * (WINDOW // 4)
    assert not fed([GOOD] * WINDOW + half * 3).tripped
    assert "of the latest 1000 records unusable, from a, b and 1 more" in str(
        fed([GOOD] * WINDOW + ["a", "b", GOOD, "c", "a", GOOD] * WINDOW).tripped
    )


def test_of_fewer_than_a_hundred_records_there_is_no_ratio() -> None:
    assert not fed(["a", "b", GOOD] * 33).tripped
    assert fed(["a", "b", GOOD] * 34).tripped


@pytest.mark.parametrize("stream", [["a"] * 50_000, ["a"] * 95 + ["b"] * 4 + ["a"] * 900, ["a", "unknown"] * 900])
def test_one_bad_source_alone_stops_nobody_else(stream: list[str]) -> None:
    """Neither beside another's few slips, nor beside those who do not say who they are."""
    assert not fed(stream).tripped


def test_sources_on_different_topics_are_not_counted_together() -> None:
    limit = DeadLetterLimit(["usage", "crm"], Clock())
    for _ in range(500):
        limit.rejected("usage", Reject("schema", "", "a"))
        limit.rejected("crm", Reject("schema", "", "b"))
    assert not limit.tripped


def test_unknown_types_never_count() -> None:
    clock = Clock()
    limit = DeadLetterLimit(["usage"], clock)
    for source in ["a", "b"] * 2_000:
        clock.now += 1
        limit.rejected("usage", Reject("unknown_type", "", source))
    assert not limit.tripped


def test_five_minutes_of_nothing_usable_trip_it_whatever_the_source() -> None:
    clock = Clock()
    limit = DeadLetterLimit(["usage", "crm"], clock)
    fed([GOOD], limit=limit)
    for _ in range(ONLY_COUNT - 1):
        fed(["unknown"], limit=limit)
    clock.now += ONLY_SECONDS - 0.1
    fed(["unknown"], limit=limit)
    assert not limit.tripped
    clock.now += 0.1
    limit.rejected("crm", Reject("bad_json", ""))
    assert limit.tripped == dict.fromkeys(("usage", "crm"), "nothing but 21 unusable records for 5 minutes")


def test_a_usable_record_on_any_topic_begins_new_five_minutes() -> None:
    clock = Clock()
    limit = DeadLetterLimit(["usage", "crm"], clock)
    for _ in range(100):
        clock.now += ONLY_SECONDS - 1
        limit.taken["crm"] += 1
        fed(["unknown"] * ONLY_COUNT, limit=limit)
    assert not limit.tripped


def test_a_few_unusable_records_in_a_quiet_night_do_not_trip_it() -> None:
    clock = Clock()
    limit = DeadLetterLimit(["usage"], clock)
    for _ in range(ONLY_COUNT - 1):
        clock.now += ONLY_SECONDS
        fed(["a"], limit=limit)
    assert not limit.tripped


def test_names_without_end_take_no_room_without_end() -> None:
    limit = fed(source for n in range(20_000) for source in (f"source-{n}", GOOD, GOOD))
    assert not limit.tripped
    topic = limit._topics["usage"]
    assert len(topic._latest) <= WINDOW
    assert len(topic._by_source) <= WINDOW


# -- what the engine makes of it ---------------------------------------------------------------------------------------


def trip(stage: Stage) -> None:
    stage.engine._limit.tripped["usage"] = "100 in a row"


def test_a_tripped_limit_lets_nothing_more_be_applied_and_makes_durable_what_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The slice that trips it is the last; its dead letters are committed with its offsets."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        stage.engine._crash_point = lambda name: trip(stage) if name == "apply" else None
        with caplog.at_level(logging.ERROR):
            await stage.deliver("usage", b"1", b"no number")
            await stage.deliver("usage", b"1", b"1", start=2)
            await stage.deliver("crm", b"1")
        await stage.engine.checkpoint()
        assert stage.producers[0].offsets == {TP("usage", 0): 2}
        assert stage.producers[0].values("dead") == [b"a:1"]
        assert stage.engine.live[0].backlog("usage") == 2, "the backlog is intact"
        (line,) = caplog.messages
        assert "usage: 100 in a row" in line
        assert "`detector dead-letters list`" in line

    asyncio.run(scene())


def test_nothing_of_the_in_topics_is_fetched_at_a_tripped_limit() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        active = stage.assignment(0)
        assert stage.engine.held(active) == frozenset()
        trip(stage)
        assert {tp.topic for tp in stage.engine.held(active)} == {"crm", "usage"}

    asyncio.run(scene())


def test_time_does_not_pass_at_a_tripped_limit() -> None:
    """What is there and not read may be earlier than the broker's time; and nothing declares a partition idle."""

    async def scene() -> None:
        stage = Stage(broker_ms=1_000_000)
        await stage.assign(0)
        for topic in stage.options.topics:
            stage.reading.read(topic, 0, 0)
        trip(stage)
        live = stage.engine.live[0]
        live.written_at -= 60
        assert not stage.engine._declares_idleness(live, live.written_at + 60)
        live.broker_ms = 1_000_000
        live.stamp(stage.engine._standing)
        for topic in stage.options.topics:
            stage.reading.read(topic, 0, 0)
        stage.engine.beat()
        assert live.task is not None
        await live.task
        assert stage.folds[-1].clock == 0

    asyncio.run(scene())


def test_after_a_rebalance_a_tripped_limit_still_holds() -> None:
    async def scene() -> None:
        stage = Stage()
        heard: list[tuple[bool, str]] = []
        stage.engine._observer.readiness = lambda *, ready, reason: heard.append((ready, reason))  # type: ignore[method-assign]
        await stage.assign(0)
        trip(stage)
        await stage.engine.give_up(session_lost=False)
        await stage.assign(0, 1)
        assert heard[-1] == (False, "dead_letter_limit")
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert stage.producers[-1].offsets == {}

    asyncio.run(scene())
