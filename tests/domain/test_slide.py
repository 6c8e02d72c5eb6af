"""A slow slide: the CUSUM over business days, against a plain definition, and the life of its alert."""

from datetime import date
from math import log

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import weekday_of
from detector.domain.cusum import Slope, slid
from detector.domain.events import AccountUpdated, UsageRecorded
from detector.domain.operators.slide import Slide
from detector.domain.schedule import minute_of
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story, World

SLOT = minute_of("default/acme") * MINUTE
RULE = next(rule for rule in PLAN.rules if rule.id == "usage.slide")
assert isinstance(RULE.operator, Slide)
SLIDE: Slide = RULE.operator
FIRST_DAY = T0 // DAY
WEEKDAYS = [at % 5 for at in range(50)]
SLOPE = Slope()


def plain(counts: list[int]) -> tuple[float, float]:
    """S after the last day and the one before, by the words of the rule."""
    s = before = 0.0
    window: list[int] = []
    for at in range(20, len(counts)):
        before = s
        if s == 0:
            window = list(range(at - 20, at))

        def x(day: int, without: int | None, among: list[int]) -> float:
            same = [counts[other] for other in among if other % 5 == day % 5 and other != without]
            return log((counts[day] + 1) / (sum(same) / len(same) + 1))

        each = sorted(x(day, day, window) for day in window)
        median = (each[9] + each[10]) / 2
        away = sorted(abs(one - median) for one in each)
        sd = max(0.1, 1.4826 * (away[9] + away[10]) / 2)
        s = min(8.0, max(0.0, s - x(at, None, window) / sd - 1))
    return s, before


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 60), min_size=21, max_size=50), st.integers(0, 40))
def test_the_sum_is_what_its_words_say(counts: list[int], fall: int) -> None:
    counts = [max(0, count - fall * (at > 30)) for at, count in enumerate(counts)]
    found = slid(counts, WEEKDAYS[: len(counts)], SLOPE)
    assert (found.last, found.before) == pytest.approx(plain(counts))


def test_a_steady_week_adds_up_to_nothing() -> None:
    found = slid([10, 20, 30, 40, 5] * 10, WEEKDAYS, SLOPE)
    assert (found.last, found.means) == (0.0, {})


def test_a_weekday_that_the_reference_has_not_says_nothing() -> None:
    """Saturdays become business days: there is nothing to compare the first of them with."""
    weekdays = [at % 5 for at in range(20)]
    assert slid([100] * 20 + [1, 1, 1], [*weekdays, 5, 0, 5], SLOPE).began == 21
    once = slid([100] * 20 + [80], [*weekdays, 0], SLOPE)
    assert 0 < once.last < 8
    assert slid([100] * 20 + [80, 1], [*weekdays, 0, 5], SLOPE).last == once.last


def test_with_one_day_of_each_weekday_the_least_deviation_counts() -> None:
    short = Slope(reference=5)
    found = slid([100] * 5 + [50] * 5, [at % 5 for at in range(10)], short)
    assert found.last == 8.0
    assert found.means == dict.fromkeys(range(5), 100.0)


# -- as a rule ----------------------------------------------------------------------------------------------------


def use(story: Story, days: range, count: int, *, late: int = 0) -> Story:
    for day in days:
        if day % 7 < 5:
            story(day * DAY + 10 * HOUR, UsageRecorded, count=count, late=late)
    return story


def sliding(story: Story, first: int = 42) -> Story:
    for week, count in enumerate((92, 78, 78, 78)):
        use(story, range(first + 7 * week, first + 7 * week + 7), count)
    return story


def told(world: World) -> list[tuple[int, str, str | None]]:
    days = [date.fromisoformat(alert.detected_at[:10]).toordinal() for alert in world.of("usage.slide")]
    first = date(2026, 1, 5).toordinal()
    return [
        (day - first, alert.transition, alert.resolution)
        for day, alert in zip(days, world.of("usage.slide"), strict=True)
    ]


def test_it_opens_on_the_second_business_day_at_the_most_and_expires_after_56_days() -> None:
    """R2.4: what has not recovered counts as usual from then on."""
    story = sliding(use(Story(), range(42), 100))
    use(story, range(70, 150), 78)
    said = told(story.world(until=150 * DAY))
    assert said == [(59, "opened", None), (59 + 56, "resolved", "expired")]


def test_it_is_warm_with_22_business_days_and_20_actions_a_week() -> None:
    """R2.4: else the data is insufficient, and nothing is said."""
    for days, count, warm in ((28, 20, False), (30, 20, True), (60, 3, False), (60, 4, True)):
        world = use(Story(), range(days), count).world(until=days * DAY + 7 * HOUR)
        account = Account("default", "acme", "default/acme", world.block(), None)
        assert SLIDE.warm(account, T0 + days * DAY + 7 * HOUR) is warm
    assert not SLIDE.warm(Account("default", "acme", "default/acme", hot.new(), None), T0)
    few = [3] * 30 + [0] * 20
    block = filled(few)
    assert SLIDE.quiet(block, now_after(few))


def filled(counts: list[int]) -> bytearray:
    block = hot.new()
    for at, count in enumerate(counts):
        day = FIRST_DAY + at // 5 * 7 + at % 5
        hot.add_usage(block, day, count, None, day * DAY)
    return block


def now_after(counts: list[int]) -> int:
    at = len(counts) - 1
    return (FIRST_DAY + at // 5 * 7 + at % 5 + 1) * DAY + SLOT


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=60), st.integers(1, 30), st.integers(0, 90), st.integers(15, 45)
)
def test_a_day_that_looks_quiet_from_the_hot_block_has_no_slide(
    noise: list[int], scale: int, fall: int, begins: int
) -> None:
    counts = [scale * (10 + n) * (100 - fall * (at >= begins)) // 100 for at, n in enumerate(noise)]
    account = Account("default", "acme", "default/acme", filled(counts), None)
    now = now_after(counts)
    verdict = SLIDE.judge(account, None, Moment(now, now, T0, T0), None)
    assert SLIDE.quiet(account.hot, now) is not (verdict.level > 0)


def test_before_any_usage_it_is_quiet() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    assert SLIDE.quiet(account.hot, T0)
    assert SLIDE.judge(account, None, Moment(T0, T0, T0, T0), None).level == 0
    hot.add_usage(account.hot, FIRST_DAY, 1, None, T0)
    assert SLIDE.judge(account, None, Moment(T0, T0, T0, T0), None).level == 0


def test_a_holiday_is_no_slide() -> None:
    days = [date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(42, 56)]
    story = Story()(0, AccountUpdated, holidays=tuple(days))
    use(story, range(42), 100)
    use(story, range(42, 56), 60)
    use(story, range(56, 80), 100)
    assert told(story.world(until=80 * DAY)) == []


def test_usage_that_is_reported_late_proves_that_there_was_no_slide() -> None:
    """R2.11: what was missing comes while the alert is open, and fills the days in which the slide was seen."""
    story = sliding(use(Story(), range(42), 100))
    for day in range(42, 70):
        if day % 7 < 5:
            story(day * DAY + 11 * HOUR, UsageRecorded, count=25, late=70 * DAY - day * DAY)
    use(story, range(70, 80), 100)
    said = told(story.world(until=80 * DAY))
    assert [row[1:] for row in said] == [("opened", None), ("resolved", "superseded")]


def test_the_days_of_an_ended_slide_are_in_no_reference() -> None:
    """R2.4: after it has recovered, the healthy days before it are the reference."""
    story = sliding(use(Story(), range(42), 100))
    use(story, range(70, 100), 100)
    world = story.world(until=100 * DAY)
    assert [row[1] for row in told(world)] == ["opened", "recovering", "resolved"]
    (span,) = world.record().spans["usage.slide"]
    account = Account("default", "acme", "default/acme", world.block(), None)
    account.record.spans["usage.slide"] = [span]
    days, _ = SLIDE._days(account, FIRST_DAY + 99)
    assert not set(days) & set(range(span[0], span[1] + 1))
    assert {weekday_of(day) for day in days} == set(range(5))


def test_an_alert_of_another_version_of_the_rule_has_nothing_to_be_measured_by() -> None:
    world = sliding(use(Story(), range(42), 100)).world(until=65 * DAY)
    episode = msgspec.structs.replace(world.record().episodes[0], frozen=[])
    account = Account("default", "acme", "default/acme", world.block(), None)
    verdict = SLIDE.judge(account, None, Moment(T0 + 65 * DAY, T0 + 65 * DAY, T0, T0), episode)
    assert verdict.level == 3
