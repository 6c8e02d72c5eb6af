"""A rule's timelines as a picture: marks where events are, a bar for as long as the alert is open, legible words."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest

from detector.catalogue.timeline import Timeline
from detector.docs.lanes import MOST_LANES, lanes_of
from detector.docs.picture import RIGHT, WIDTH, picture

NOWHERE: frozenset[str] = frozenset()


def timeline(events: list[dict[str, Any]], expect: list[dict[str, Any]] | None = None, **more: Any) -> Timeline:
    words = {"name": "As it was", "shows": "opens", "until": "30d", "account_id": "a-1", "rule": "a.rule", **more}
    return Timeline.model_validate({**words, "events": events, "expect": expect or []})


def labels(events: list[dict[str, Any]], matters: frozenset[str] = NOWHERE) -> list[str]:
    return [lane.label for lane in lanes_of([timeline(events)], matters)[0]]


def drawn(*timelines: Timeline) -> list[ET.Element]:
    return list(ET.fromstring(picture("a.rule: It is so", timelines)).iter())  # noqa: S314 - we made it


def of_class(elements: list[ET.Element], tag: str, kind: str) -> list[ET.Element]:
    return [one for one in elements if one.tag.endswith(tag) and kind in one.get("class", "").split()]


def words(elements: list[ET.Element]) -> list[str]:
    return [one.text or "" for one in elements if one.tag.endswith("text")]


TOUCH = {"kind": "call", "stakeholder_id": "p1"}
INBOUND = {"at": "1d", "touch.logged": {"direction": "inbound", **TOUCH}}
OUTBOUND = {"at": "2d", "touch.logged": {"direction": "outbound", **TOUCH, "kind": "email"}}


def test_events_of_one_type_are_told_apart_by_what_the_rule_looks_at() -> None:
    assert labels([INBOUND, OUTBOUND], frozenset({"direction"})) == ["touch.logged inbound", "touch.logged outbound"]
    assert labels([INBOUND, OUTBOUND]) == ["touch.logged inbound call", "touch.logged outbound email"]
    assert labels([INBOUND, INBOUND], frozenset({"direction"})) == ["touch.logged"]


def test_yes_and_no_are_told_by_the_field() -> None:
    events = [
        {"at": "1d", "package.changed": {"package": "p", "enabled": False}},
        {"at": "2d", "package.changed": {"package": "p", "enabled": True}},
    ]
    assert labels(events) == ["package.changed not enabled", "package.changed enabled"]


def test_too_many_lanes_lose_their_words_and_then_become_one() -> None:
    kinds = ("call", "email", "meeting", "review")
    events = [
        {"at": f"{n}d", "touch.logged": {"direction": direction, "kind": kind}}
        for n, (direction, kind) in enumerate((d, k) for d in ("inbound", "outbound") for k in kinds)
    ]
    assert labels(events) == ["touch.logged inbound", "touch.logged outbound"]
    types = ("docs.viewed", "pricing.viewed", "question.asked", "downgrade.requested", "discount.requested")
    more = ("onboarding.started", "onboarding.kickoff_held", "competitor.mentioned", "payment.failed")
    found = labels([{"at": f"{n}d", name: {}} for n, name in enumerate((*types, *more))])
    assert len(found) == MOST_LANES
    assert found[-1] == "other events"


@pytest.mark.parametrize(
    ("counts", "notes"),
    [((20, 20, 9), ["20", "", "9"]), ((20, 20, 20), ["", "", ""]), ((7,), ["7"])],
)
def test_a_number_is_written_where_it_changes(counts: tuple[int, ...], notes: list[str]) -> None:
    events = [{"at": f"{day}d", "usage.recorded": {"count": count}} for day, count in enumerate(counts)]
    (lane,) = lanes_of([timeline(events)], NOWHERE)[0]
    assert [mark.note for mark in lane.marks] == notes


def test_of_several_numbers_none_is_written_but_a_score_is() -> None:
    survey = {"survey_type": "csat", "score": 2, "scale_min": 1, "scale_max": 5}
    goal = {"goal_id": "g", "kind": "cost", "direction": "down", "baseline": 9, "target": 4}
    lanes = lanes_of([timeline([{"at": "1d", "survey.responded": survey}, {"at": "2d", "goal.set": goal}])], NOWHERE)
    assert [lane.marks[0].note for lane in lanes[0]] == ["2", ""]


def test_the_alert_is_a_bar_in_the_colour_of_its_severity_and_grey_while_it_recovers() -> None:
    elements = drawn(
        timeline(
            [INBOUND],
            [
                {"at": "10d", "transition": "opened", "severity": "warn", "subject": "s1"},
                {"at": "15d", "transition": "escalated", "severity": "high", "subject": "s1"},
                {"at": "18d", "transition": "revised", "subject": "s1"},
                {"at": "20d", "transition": "recovering", "subject": "s1"},
                {"at": "27d", "transition": "resolved", "resolution": "righted_itself", "subject": "s1"},
            ],
        )
    )
    (warn,), high, (grey,) = (of_class(elements, "rect", kind) for kind in ("warn", "high", "r"))
    assert int(warn.get("x", 0)) + int(warn.get("width", 0)) == int(high[0].get("x", 0))
    assert int(high[-1].get("x", 0)) + int(high[-1].get("width", 0)) == int(grey.get("x", 0))
    assert len(of_class(elements, "circle", "e")) == 1
    said = words(elements)
    for text in ("opened: warn", "escalated: high", "revised", "recovering", "resolved: righted itself"):
        assert text in said
    assert "the alert about s1" in said


def test_two_subjects_have_a_bar_each_and_no_alert_is_said() -> None:
    opened = {"at": "10d", "transition": "opened", "severity": "warn"}
    both = timeline([INBOUND], [{**opened, "subject": "vendor"}, {**opened, "subject": "customer"}])
    assert {"the alert about vendor", "the alert about customer"} <= set(words(drawn(both)))
    assert "no alert" in words(drawn(timeline([INBOUND], shows="near_miss")))


def test_what_was_recorded_late_is_hollow() -> None:
    elements = drawn(timeline([INBOUND, {**OUTBOUND, "late": "3d"}]))
    assert len(of_class(elements, "circle", "h")) == 1
    assert len(of_class(elements, "path", "m")) == 1


def test_marks_that_touch_become_a_band() -> None:
    elements = drawn(timeline([{"at": "1h", "every": "2h", "times": 300, "usage.recorded": {"count": 1}}]))
    (band,) = of_class(elements, "path", "w")
    assert len(band.get("d", "")) < 20


def test_what_lies_close_together_after_a_long_wait_is_drawn_apart_and_that_is_said() -> None:
    close = [{"at": f"200d {hour}h", "docs.viewed": {}} for hour in (1, 2, 3)]
    elements = drawn(timeline([INBOUND, *close], until="220d"))
    (marks,) = [path for path in of_class(elements, "path", "m") if path.get("d", "").count("M") == 3]
    places = [int(x) for x in re.findall(r"M(\d+)", marks.get("d", ""))]
    assert min(b - a for a, b in pairwise(places)) >= 9
    assert any(text.startswith("not to scale") for text in words(elements))
    assert not any(text.startswith("not to scale") for text in words(drawn(timeline([INBOUND]))))


def test_words_stay_inside_the_picture_and_do_not_cover_each_other() -> None:
    expect = [
        {"at": f"29d {hour}h", "transition": "opened" if hour == 1 else "escalated", "severity": severity}
        for hour, severity in ((1, "info"), (2, "watch"), (3, "warn"), (4, "high"), (5, "critical"))
    ]
    elements = drawn(timeline([INBOUND], expect))
    spans: dict[str, list[tuple[float, float]]] = {}
    for text in of_class(elements, "text", "s"):
        x, width = float(text.get("x", 0)), 6.5 * len(text.text or "")
        left = x - width if "l" in text.get("class", "").split() else x
        assert left >= 0
        assert left + width <= WIDTH
        spans.setdefault(text.get("y", ""), []).append((left, left + width))
    for row in spans.values():
        ordered = sorted(row)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))
    assert all(float(rect.get("x", 0)) <= RIGHT for rect in of_class(elements, "rect", "critical"))


def test_hours_are_told_where_the_whole_is_a_matter_of_hours() -> None:
    event = {"at": "9h 30m", "incident.opened": {"incident_id": "i", "severity": "major"}}
    assert "9 h 30 min" in words(drawn(timeline([event], until="14h")))
    assert "day 1" in words(drawn(timeline([INBOUND])))


def test_text_of_a_pack_cannot_break_the_picture() -> None:
    assert "a < b & c" in " ".join(words(drawn(timeline([INBOUND], name="a < b & c"))))
