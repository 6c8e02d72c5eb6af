"""Attainment: a goal against its schedule, judged by verified measures and by dates for which none came."""

from collections.abc import Sequence

import pytest

from detector.catalogue.pack import load_plan
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import iso
from detector.domain.calendar import DAY_MS
from detector.domain.events import GoalClosed, GoalMeasured, GoalSet, SchedulePoint
from detector.domain.operators.attainment import expected_at
from detector.domain.state import Goal, Stamped
from detector.domain.verdict import Moment
from tests.domain.world import DAY, MINUTE, T0, Story, World

FAR = 253_402_300_799_999  # the last millisecond of the year 9999


def goal(
    schedule: Sequence[tuple[int, float]] = ((100, 100.0),),
    *,
    baseline: float | None = 0.0,
    target: float | None = 100.0,
    direction: str = "up",
) -> Story:
    points = tuple(SchedulePoint(at=T0 + day * DAY if day < 10_000 else FAR, expected=value) for day, value in schedule)
    return Story()(
        0, GoalSet, goal_id="g", kind="revenue", direction=direction, baseline=baseline, target=target, schedule=points
    )


def measured(story: Story, day: float, value: float, evidence: str = "measured") -> Story:
    story(int(day * DAY), GoalMeasured, goal_id="g", value=value, evidence=evidence)
    return story


def told(story: Story, until: int = 60) -> list[tuple[str, str, str]]:
    return [said[:3] for said in story.world(until=until * DAY).said("goal.behind_schedule")]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (0.0, "high"),
        (25.0, "high"),
        (25.1, "warn"),
        (40.0, "warn"),
        (41.0, "watch"),
        (45.0, "watch"),
        (46.0, None),
        (60.0, None),
        (-5.0, "high"),
    ],
)
def test_at_half_the_way_what_was_reached_decides_the_severity(value: float, severity: str | None) -> None:
    said = told(measured(goal(), 50, value))
    assert said == ([] if severity is None else [("2026-02-24T00:00:00.000Z", "opened", severity)])


@pytest.mark.parametrize(("value", "severity"), [(190.0, "high"), (150.0, None), (160.0, "warn")])
def test_a_goal_that_leads_down_is_behind_from_above(value: float, severity: str | None) -> None:
    said = told(measured(goal(((100, 100.0),), baseline=200.0, target=100.0, direction="down"), 50, value))
    assert [row[2] for row in said] == ([] if severity is None else [severity])


def test_while_under_a_twentieth_of_the_way_is_expected_nothing_is_said() -> None:
    assert told(measured(goal(), 4.9, 0.0)) == []
    assert told(measured(goal(), 5, 0.0)) != []


def test_without_a_target_the_way_leads_to_the_schedule_s_end() -> None:
    assert told(measured(goal(target=None), 4.9, 0.0)) == []
    assert told(measured(goal(target=None), 50, 10.0)) != []


@pytest.mark.parametrize("story", [goal(baseline=None), goal(()), goal(((100, 0.0),)), goal(((100, 0.0),), target=0.0)])
def test_without_a_way_there_is_no_verdict(story: Story) -> None:
    assert told(measured(story, 50, 0.0), 200) == []


def test_a_date_without_a_measure_is_judged_14_days_later_against_its_own_value() -> None:
    assert told(goal(((20, 50.0), (100, 100.0))), 40) == [("2026-02-08T00:00:00.000Z", "opened", "high")]
    early = measured(goal(((20, 50.0), (100, 100.0))), 12, 50.0)  # 8 days before the date: too early to be its measure
    assert told(early, 40) == []  # but it had come as far as the date asks
    near = measured(goal(((20, 50.0), (100, 100.0))), 13, 24.0)
    assert [row[0] for row in told(near, 40)] == ["2026-01-18T00:00:00.000Z"]


def test_the_vendor_s_own_word_does_not_count() -> None:
    story = measured(goal(((20, 50.0), (100, 100.0))), 20, 50.0, "vendor_asserted")
    assert [row[0] for row in told(story, 40)] == ["2026-02-08T00:00:00.000Z"]


def test_a_measure_dated_ahead_of_its_record_is_judged_when_its_time_has_come() -> None:
    story = goal()(50 * DAY, GoalMeasured, goal_id="g", value=10.0, evidence="measured", late=-4 * MINUTE)
    assert told(story) == [("2026-02-24T00:00:00.000Z", "opened", "high")]


def test_dates_before_the_goal_was_set_and_dates_in_the_year_9999_are_no_trouble() -> None:
    assert told(goal(((-10, 4.0), (20_000, 100.0)))) == []
    world = measured(goal(((-10, 4.0), (20_000, 100.0))), 50, 0.0).world(until=100 * DAY)
    assert world.of("goal.behind_schedule") == []
    assert iso(world.record().wake["goal.behind_schedule"]) == "9999-12-31T23:59:59.999Z"


def test_a_goal_that_is_set_again_keeps_its_measures_and_replaces_what_is_given() -> None:
    story = measured(goal(), 50, 46.0)
    story(
        51 * DAY,
        GoalSet,
        goal_id="g",
        kind="revenue",
        direction="up",
        schedule=(SchedulePoint(at=T0 + 60 * DAY, expected=100.0),),
    )
    assert told(story, 55) == [("2026-02-25T00:00:00.000Z", "opened", "warn")]  # 46 of 83
    undone = measured(goal(), 50, 10.0)
    undone(51 * DAY, GoalSet, goal_id="g", kind="revenue", direction="up", schedule=())
    assert [row[1] for row in told(undone, 55)] == ["opened", "recovering"]


def test_a_closed_goal_ends_its_alert() -> None:
    for closed_as, resolution in (("achieved", "acted"), ("partial", "superseded"), ("abandoned", "superseded")):
        story = measured(goal(), 50, 10.0)(51 * DAY, GoalClosed, goal_id="g", closed_as=closed_as)
        world: World = story.world(until=52 * DAY)
        assert [(a.transition, a.resolution) for a in world.of("goal.behind_schedule")] == [
            ("opened", None),
            ("resolved", resolution),
        ]


def test_expected_values_are_linear_between_dates_and_flat_after_the_last() -> None:
    schedule = [[10.0, 20.0], [20.0, 20.0], [20.0, 40.0]]
    found = [expected_at(t, 0, 0.0, schedule) for t in (-5, 0, 5, 10, 15, 19, 20, 99)]
    assert found == [0.0, 0.0, 10.0, 20.0, 20.0, 20.0, 40.0, 40.0]


def test_a_goal_of_which_nothing_was_measured_says_so_without_a_minus_zero() -> None:
    """Baseline 9, target 4: nothing measured is 0% of the way, and a zero has no sign."""
    rule = next(rule for rule in load_plan().rules if rule.id == "goal.behind_schedule")
    account = Account("default", "acme", "default/acme", hot.new(), None)
    fields: dict[str, Stamped] = {"baseline": (9, 0), "target": (4, 0), "schedule": ([[50 * DAY_MS, 4]], 0)}
    account.record.goals["g"] = Goal(set_at=0, fields=fields)
    now = 64 * DAY_MS
    verdict = rule.operator.judge(account, "g", Moment(now, now, 0, 0), None)
    told = rule.explain.format_map({"subject": "g", **verdict.numbers})
    assert " -0" not in told
    assert "nothing was ever measured" in told
    assert all(str(row.observed) not in ("-0", "-0.0") for row in verdict.evidence)
