"""Snowball: what people are unhappy about, weighed by who they are, spread over cells, halved every 14 days."""

from datetime import datetime
from typing import Any

import pytest

from detector.domain.events import AccountUpdated, StakeholderUpdated, TicketEscalated
from detector.domain.operators.snowball import Snowball
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story

RULE = "sentiment.snowball"


def operator() -> Snowball:
    found = next(rule for rule in PLAN.rules if rule.id == RULE).operator
    assert isinstance(found, Snowball)
    return found


def unhappy(*people: tuple[float, str, str | None, str | None]) -> Story:
    """(day, who, role, department) of each negative, in an account that is not in onboarding."""
    story = Story()(0, AccountUpdated, stage="value")
    for number, (day, who, role, department) in enumerate(people):
        given: dict[str, Any] = {"stakeholder_id": who, "role": role, "department": department}
        story(int(day * DAY), TicketEscalated, ticket_id=f"t{number}", **given)
    return story


def told(story: Story, until: float) -> list[tuple[int, str, str]]:
    """Milliseconds of the story, transition and severity of each alert of the rule."""
    alerts = story.world(until=int(until * DAY)).of(RULE)
    return [(_ms(alert.detected_at), alert.transition, alert.severity) for alert in alerts]


def _ms(detected_at: str) -> int:
    return round(datetime.fromisoformat(detected_at).timestamp() * 1000) - T0


def test_it_melts_at_the_very_millisecond() -> None:
    """(3 + 3 + 1) x 2 = 14: under 8 after 14 d times the logarithm of the ratio, while the cells stay."""
    story = unhappy((0, "a", "sponsor", "x"), (0, "b", "executive", "y"), (0, "c", "end_user", "z"))
    said = [row for row in told(story, 60) if row[1] != "revised"]
    assert [(transition, severity) for _, transition, severity in said] == [
        ("opened", "high"),
        ("eased", "warn"),
        ("recovering", "warn"),
        ("resolved", "warn"),
    ]
    melted, each = said[1][0], 14 * DAY
    assert 14 * 2.0 ** (-melted / each) < 8 <= 14 * 2.0 ** (-(melted - 1) / each)
    assert said[2][0] == 30 * DAY  # 3.2 until the cells are forgotten, then a half of that


def test_what_people_weigh_is_what_their_role_weighs_as_it_is_known() -> None:
    story = unhappy((1, "a", None, "x"), (1, "b", None, "y"))
    assert told(story, 3) == []
    story(2 * DAY, StakeholderUpdated, stakeholder_id="a", role="sponsor", department="x")
    assert [row[1:] for row in told(story, 2.5)] == [("opened", "warn")]


@pytest.mark.parametrize(
    ("people", "severity"),
    [
        # 3 + 1 in one cell each: (3 + 1) x 1.5
        ([("a", "sponsor", "x"), ("b", "end_user", "x")], "warn"),
        # the same role and department is one cell: 4 x 1
        ([("a", "champion", "x"), ("b", "champion", "x")], None),
        # two departments make two cells: 4 x 1.5
        ([("a", "champion", "x"), ("b", "champion", "y")], "warn"),
        # (3 + 3 + 1) x 2
        ([("a", "sponsor", "x"), ("b", "executive", "y"), ("c", "end_user", "z")], "high"),
        # whose role nobody knows weighs 1
        ([("a", None, None), ("b", None, "y"), ("c", None, "z")], "warn"),
    ],
)
def test_weights_are_multiplied_by_the_cells(
    people: list[tuple[str, str | None, str | None]], severity: str | None
) -> None:
    said = told(unhappy(*((0.0, *one) for one in people)), 1)
    assert [row[2] for row in said][:1] == ([] if severity is None else [severity])


def test_gaps_that_shrink_make_it_one_step_more() -> None:
    """Four negatives, each sooner than the one before: warn would be high."""
    faster = unhappy(*((day, "u", "end_user", "x") for day in (0, 10, 16)), (19, "s", "sponsor", "x"))
    assert [row[1:] for row in told(faster, 19.1)] == [("opened", "high")]
    even = unhappy(*((day, "u", "end_user", "x") for day in (1, 7, 13)), (19, "s", "sponsor", "x"))
    assert [row[1:] for row in told(even, 19.1)] == [("opened", "warn")]


def test_a_cell_that_is_forgotten_makes_it_smaller() -> None:
    story = unhappy((0, "a", "sponsor", "x"), (20, "b", "executive", "y"), (20, "c", "end_user", "z"))
    said = told(story, 40)
    assert said[1][0] < 30 * DAY
    assert operator().names == frozenset()
    assert [cls.__name__ for cls, _ in operator().wakes][-2:] == ["StakeholderUpdated", "StakeholderLeft"]


def test_a_negative_dated_ahead_weighs_from_its_time_on() -> None:
    story = unhappy((1, "a", "sponsor", "x"))
    story(2 * DAY + 4 * MINUTE, TicketEscalated, late=-4 * MINUTE, ticket_id="t", stakeholder_id="b", department="y")
    assert told(story, 3)[0][:2] == (2 * DAY + 4 * MINUTE, "opened")


def test_the_same_person_on_the_same_day_weighs_once() -> None:
    story = unhappy((1, "a", "sponsor", "x"), (1.2, "a", "sponsor", "x"), (1.4, "a", "sponsor", "x"))
    assert told(story, 3) == []
    story(int(2.1 * DAY), TicketEscalated, ticket_id="t", stakeholder_id="a", role="sponsor", department="x")
    (alert,) = story.world(until=2 * DAY + 3 * HOUR).of(RULE)
    assert alert.explanation == "2 unhappy moments weigh 5.9 together, across 1 role or department."
    assert alert.clears_when.text == "a weight below 3; it halves every 14 days"
