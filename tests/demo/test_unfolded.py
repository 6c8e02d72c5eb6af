"""The stories against what a detector said, and the detector itself against the stories."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import replay
from detector.catalogue.pack import load_plan
from detector.demo import company
from detector.demo.stories import STORIES
from detector.demo.stream import PACK, record_time
from detector.demo.unfolded import Seen, unfold
from detector.domain.events import TOPIC_OF
from detector.files.read import read_files
from schemas.topics import CONTROL, IN_TOPICS

END = datetime(2026, 11, 23, tzinfo=UTC)


def as_told() -> list[Seen]:
    return [
        Seen(
            story.account_id,
            expected.rule_id,
            expected.severity,
            END + timedelta(days=expected.opens[0] + 0.5),
            None if expected.ends == "open" else expected.ends,
        )
        for story in STORIES
        for expected in story.expected
    ]


def test_a_detector_that_says_what_is_expected_has_seen_every_story() -> None:
    told, others = unfold(as_told(), END)
    assert [seen.story for seen in told] == list(STORIES)
    assert all(seen.as_told for seen in told)
    assert others == {}


def test_a_detector_that_says_nothing_has_missed_all_but_the_quiet_stories() -> None:
    told, _ = unfold([], END)
    for seen in told:
        assert seen.missed == seen.story.expected
        assert seen.as_told == seen.story.quiet


def test_an_alert_in_a_quiet_account_is_unexpected() -> None:
    extra = [
        Seen(account, "usage.drop", "warn", END - timedelta(days=3)) for account in ("linden-textiles", "kite-software")
    ]
    told, others = unfold([*as_told(), *extra], END)
    (linden,) = (seen for seen in told if not seen.as_told)
    assert (linden.story.account_id, linden.unexpected) == ("linden-textiles", ("usage.drop",))
    assert others == {"kite-software": ["usage.drop"]}


def test_another_day_severity_or_end_is_said_in_words() -> None:
    late = Seen("halcyon-media", "sponsor.left", "high", END - timedelta(days=2), "recovered")
    told, _ = unfold([late], END)
    (halcyon,) = (seen for seen in told if seen.story.account_id == "halcyon-media")
    (words,) = halcyon.otherwise
    assert words.split("; ") == [
        "sponsor.left: opened on day -2, expected from -9 to -9",
        "reached high, expected critical",
        "ended recovered, expected open",
    ]


@pytest.mark.parametrize("end", [END, END - timedelta(days=2)], ids=["ending on a Sunday", "ending on a Friday"])
def test_the_detector_sees_every_story_as_it_is_told_and_nothing_else(end: datetime, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(msgspec.json.encode(e) for e in sorted(company.events(end), key=record_time)))
    log, found = read_files([path], topic_of=TOPIC_OF).log(1), Collected()
    until = round(end.timestamp() * 1000)
    replay(log, core_of(load_plan(PACK)), found.outputs(), topics=(*IN_TOPICS, CONTROL), until=until)
    bodies = [json.loads(line) for line in found.alerts]
    told, others = unfold(
        [
            Seen(
                body["account_id"],
                body["rule_id"],
                body["severity"],
                datetime.fromisoformat(body["detected_at"]),
                body["resolution"],
            )
            for body in bodies
            if body["polarity"] == "risk"
        ],
        end,
    )
    assert not [seen for seen in told if not seen.as_told]
    assert others == {}
    assert not found.dead_letters
    (linden,) = (body for line in found.health if (body := json.loads(line))["account_id"] == "linden-textiles")
    assert ("usage.dark", "holiday") in [(silence["rule_id"], silence["because"]) for silence in linden["silences"]]
