"""Change: a week of usage against the account's own four weeks before, judged once a day over whole days."""

from datetime import date
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import AccountUpdated, UsageRecorded
from detector.domain.operators.change import Change
from detector.domain.schedule import minute_of
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story, World

SLOT = minute_of("default/acme") * MINUTE
RULE = next(rule for rule in PLAN.rules if rule.id == "usage.drop")
assert isinstance(RULE.operator, Change)
DROP: Change = RULE.operator
FIRST_DAY = T0 // DAY


def use(story: Story, days: range, count: int, *, at: int = 10 * HOUR, late: int = 0, weekend: bool = False) -> Story:
    for day in days:
        if weekend or day % 7 < 5:
            story(day * DAY + at, UsageRecorded, count=count, late=late)
    return story


def told(world: World) -> list[tuple[int, str, str]]:
    """(day after T0, transition, severity) of each transition of the drop; each is at the account's own minute."""
    found = []
    for alert in world.alerts:
        if alert.rule_id == "usage.drop":
            at = int(date.fromisoformat(alert.detected_at[:10]).toordinal() - date(2026, 1, 5).toordinal())
            minutes = int(alert.detected_at[11:13]) * 60 + int(alert.detected_at[14:16])
            assert minutes * MINUTE == SLOT
            found.append((at, alert.transition, alert.severity))
    return found


def test_it_is_judged_over_whole_days_once_a_day() -> None:
    """Usage of 100 a week stops on day 42, a Monday. 80 a week are no significant drop, 60 are one.

    60 up to day 43, judged on day 44; and again up to day 44, judged on day 45.
    """
    world = use(Story(), range(42), 20).world(until=60 * DAY)
    assert told(world) == [(45, "opened", "warn"), (46, "escalated", "high")]
    assert (
        world.of("usage.drop")[0].since == "2026-02-12T00:00:00.000Z"
    )  # the week that ends with day 44 began on day 38


def test_it_needs_five_weeks_of_history() -> None:
    for first, opens in ((8, False), (0, True)):
        world = use(use(Story(), range(first, 35), 20), range(35, 42), 2).world(until=42 * DAY)
        assert bool(told(world)) is opens
    cold = use(Story(), range(10), 20).world(until=30 * DAY)
    assert "usage.drop" in cold.health[0].not_warm


def test_a_single_bad_day_does_not_open() -> None:
    """Monday is dead, Tuesday makes up for it: one evaluation sees a drop, two are needed."""
    story = use(use(Story(), range(42), 20), range(43, 44), 60)
    use(story, range(44, 60), 20)
    assert told(story.world(until=60 * DAY)) == []


def test_after_56_days_without_recovery_the_new_level_is_the_usual_one() -> None:
    story = use(use(Story(), range(42), 40), range(42, 180), 12)
    world = story.world(until=180 * DAY)
    opened = told(world)[0][0]
    assert [said[:2] for said in told(world) if said[1] != "escalated"] == [
        (opened, "opened"),
        (opened + 56, "resolved"),
    ]
    end = next(alert for alert in _drops(world) if alert.resolution == "expired")
    assert end.explanation.startswith(
        "It did not recover, and from now on counts as usual. 60 actions in 7 days where 200"
    )


def test_a_second_drop_is_measured_against_the_new_level() -> None:
    story = use(use(use(Story(), range(42), 40), range(42, 154), 20), range(154, 182), 4)
    said = told(story.world(until=182 * DAY))
    assert [row[1] for row in said if row[1] in ("opened", "resolved")] == ["opened", "resolved", "opened"]
    assert said[-1][0] > 154


def test_the_days_of_an_episode_never_enter_a_baseline() -> None:
    """After a recovered drop its weeks are left out: a like drop soon after is seen against the healthy ones."""
    story = use(Story(), range(42), 40)
    use(story, range(42, 63), 20)
    use(story, range(63, 98), 40)
    use(story, range(98, 112), 20)
    said = told(story.world(until=112 * DAY))
    assert [row[1] for row in said if row[1] in ("opened", "resolved")] == ["opened", "resolved", "opened"]


def test_usage_that_is_reported_late_proves_that_there_was_no_drop() -> None:
    """A feed delivers a week in one go, five days late: what opened meanwhile never held."""
    story = use(Story(), range(42), 40)
    use(story, range(42, 47), 40, late=8 * DAY)
    use(story, range(49, 75), 40)
    world = story.world(until=75 * DAY)
    said = [
        (transition, alert.resolution) for alert, (_, transition, _) in zip(_drops(world), told(world), strict=True)
    ]
    assert said[0][0] == "opened"
    assert said[-1] == ("resolved", "superseded")
    assert "It never held, as was reported late." in _drops(world)[-1].explanation


def _drops(world: World) -> list:  # type: ignore[type-arg]
    return [alert for alert in world.alerts if alert.rule_id == "usage.drop"]


def test_holidays_count_neither_in_the_week_nor_in_the_usual_ones() -> None:
    days = [date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in (42, 43, 14)]
    story = Story()(0, AccountUpdated, holidays=tuple(days))
    use(story, range(42), 20)
    use(story, range(44, 56), 20)
    assert told(story.world(until=56 * DAY)) == []
    assert told(use(use(Story(), range(42), 20), range(44, 56), 20).world(until=56 * DAY)) != []


@pytest.mark.parametrize("shut", [range(42, 44), range(42, 47)], ids=["two days", "the whole week"])
def test_a_drop_that_is_a_holiday_is_none_and_the_snapshot_says_so(shut: range) -> None:
    """R2.10: what would be a drop if holidays counted is listed with why it is none, until the week is past."""
    story = Story()(0, AccountUpdated, holidays=tuple(date.fromordinal(date(2026, 1, 5).toordinal() + d) for d in shut))
    use(story, range(42), 20)
    use(story, range(shut.stop, 62), 20)
    world = story.world(until=62 * DAY)
    assert told(world) == []
    noted = [note for snapshot in world.health for note in snapshot.silences if note.rule_id == "usage.drop"]
    assert {note.because for note in noted} == {"holiday"}
    assert [note.rule_id for note in world.health[-1].silences] == []
    assert noted[0].since[:10] == "2026-02-11"
    assert sum(changes.tally.suppressed["holiday"] for changes in world.changes) == 2  # the slide that it would be too


def test_a_week_with_less_than_three_business_days_is_not_judged() -> None:
    christmas = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in (42, 43, 44))
    story = Story()(0, AccountUpdated, holidays=christmas)
    use(story, range(42), 20)
    assert told(story.world(until=48 * DAY)) == []


def test_during_an_episode_a_week_of_holidays_changes_nothing() -> None:
    holidays = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(56, 63))
    story = Story()(0, AccountUpdated, holidays=holidays)
    use(story, range(42), 20)
    use(story, range(42, 56), 8)
    use(story, range(63, 90), 20)
    said = told(story.world(until=90 * DAY))
    assert not [row for row in said if 59 <= row[0] <= 64]
    assert said[-1][1] == "resolved"


def test_while_it_recovers_a_week_of_holidays_counts_as_recovered() -> None:
    holidays = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(70, 74))
    story = Story()(0, AccountUpdated, holidays=holidays)
    use(story, range(42), 20)
    use(story, range(42, 60), 8)
    use(story, range(60, 70), 20)
    use(story, range(75, 90), 20)
    said = told(story.world(until=90 * DAY))
    assert [row[1] for row in said][-2:] == ["recovering", "resolved"]


def test_weeks_of_sunday_to_thursday_are_weeks_too() -> None:
    story = Story()(0, AccountUpdated, working_days=("sun", "mon", "tue", "wed", "thu"))
    for day in range(70):
        if day % 7 not in (4, 5):
            story(day * DAY + HOUR, UsageRecorded, count=20 if day < 42 else 8)
    assert [row[1] for row in told(story.world(until=60 * DAY))][:1] == ["opened"]


def test_a_window_that_is_no_week_is_always_judged_whole() -> None:
    odd = msgspec.structs.replace(DROP, days=10)
    assert not odd.quiet(hot.new(), T0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 60), min_size=50, max_size=50), st.integers(1, 40))
def test_a_day_that_looks_quiet_from_the_hot_block_has_no_drop(counts: list[int], scale: int) -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for day, count in enumerate(counts):
        hot.add_usage(account.hot, FIRST_DAY + day, count * scale, None, (FIRST_DAY + day) * DAY)
    for day in range(36, 51):
        now = (FIRST_DAY + day) * DAY + SLOT
        if DROP.quiet(account.hot, now):
            assert DROP.judge(account, None, Moment(now, now, T0, T0), None).level == 0


@pytest.mark.parametrize(("left", "quiet"), [(1700, False), (1701, True)])
def test_a_drop_of_exactly_the_first_rung_is_not_quiet(left: int, quiet: bool) -> None:
    """2000 a week before, 1700 now: exactly 15% fewer, whatever floats make of it."""
    block = hot.new()
    for week in range(6):
        hot.add_usage(block, FIRST_DAY + 7 * week, 2000 if week < 5 else left, None, 0)
    now = (FIRST_DAY + 42) * DAY + SLOT
    assert DROP.quiet(block, now) is quiet


def test_a_week_too_short_to_be_judged_is_no_first_evaluation() -> None:
    """Up to Sunday, day 48, two business days are left; up to Monday three: Tuesday's evaluation is the second."""
    holidays = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in (42, 43, 44))
    story = use(Story()(0, AccountUpdated, holidays=holidays), range(42), 20)
    assert told(story.world(until=53 * DAY)) == [(51, "opened", "high")]


def test_spans_of_old_episodes_are_forgotten() -> None:
    for days, kept in ((100, 1), (200, 0)):
        story = use(use(use(Story(), range(42), 40), range(42, 63), 20), range(63, days), 40)
        assert len(story.world(until=days * DAY).record().spans.get("usage.drop", ())) == kept


def test_evaluations_a_day_apart_are_told_in_order() -> None:
    world = use(use(Story(), range(42), 40), range(42, 120), 20).world(until=120 * DAY)
    assert all(earlier[0] < later[0] for earlier, later in pairwise(told(world)))
