"""Trends of the index, day by day (R2.6): when they open, when they are over, what they say."""

from typing import Any

import msgspec
import pytest

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import IncidentOpened, IncidentResolved
from detector.domain.history import NONE, note
from detector.domain.operators.trend import Clearing, Past, Trend
from detector.domain.plan import Rule
from detector.domain.state import Episode
from detector.domain.verdict import CRITICAL, HIGH, INFO, WARN, WATCH, Moment, Verdict
from tests.domain.test_index import known
from tests.domain.world import DAY, HOUR, PLAN, T0, only

FIRST = T0 // DAY
MOVED = 8
RULES = {rule.id: rule for rule in PLAN.rules}


def rule_of(name: str) -> Rule:
    return RULES[f"index.{name}"]


def account(*course: tuple[int, float]) -> Account:
    """An account whose index had these values from these days on."""
    found = Account("default", "acme", "default/acme", hot.new(), None)
    for day, value in course:
        note(found.record.standing, (FIRST + day) * DAY, round(value * 10))
    return found


def episode(name: str, day: int, since: int | None = None, **fields: Any) -> Episode:
    """An alert that opened at 07:00 of a day."""
    opened = (FIRST + day) * DAY + 7 * HOUR
    begun = opened if since is None else (FIRST + since) * DAY
    return Episode(f"index.{name}", None, None, "id", "at", opened, begun, WARN, WARN, **fields)


def judge(name: str, now: Account, day: int, alert: Episode | None = None) -> Verdict:
    """The verdict at 07:00 of a day, over the days before."""
    at = (FIRST + day) * DAY + 7 * HOUR
    return rule_of(name).operator.judge(now, None, Moment(at, at, T0, T0), alert)


def levels(name: str, now: Account, days: range) -> list[tuple[int, int]]:
    """The days at which the level is another than the day before, with the level; while OFF holds, none."""
    found = [(0, 0)]
    for day in days:
        verdict = judge(name, now, day)
        level = 0 if verdict.off else verdict.level
        if level != found[-1][1]:
            found.append((day, level))
    return found[1:]


# -- index.falling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "opens"),
    [
        ([(0, 90), (50, 85)], [(58, WATCH), (65, 0)]),  # held on eight evaluations, until it was flat for 14 d
        ([(0, 90), (50, 85.1)], []),
        ([(0, 90), (50, 80), (57, 90)], []),  # one day too short
        ([(0, 90), (50, 80), (58, 90)], [(58, WATCH), (59, 0)]),
        ([(30, 90), (50, 80)], []),  # it has not been known for 28 days before
    ],
)
def test_falling_is_5_points_in_28_days_for_a_week(
    course: list[tuple[int, float]], opens: list[tuple[int, int]]
) -> None:
    assert levels("falling", account(*course), range(20, 120)) == opens


def test_falling_is_over_when_it_is_at_or_above_its_value_of_14_days_ago() -> None:
    now, alert = account((0, 90), (50, 80), (60, 79)), episode("falling", 58)
    assert [day for day in range(58, 90) if judge("falling", now, day, alert).off] == list(range(75, 90))
    verdict = judge("falling", now, 60, alert)
    assert verdict.clears is not None
    assert (verdict.clears.text, verdict.clears.at_least) == ("an index of 90", 90.0)
    assert verdict.evidence[0].observed == 80.0


# -- index.drop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "opens"),
    [
        ([(0, 90), (30, 75)], [(31, WARN), (38, 0)]),
        ([(0, 90), (30, 75.1)], []),
        ([(0, 90), (30, 65.1)], [(31, WARN), (38, 0)]), ([(0, 90), (30, 65)], [(31, HIGH), (38, 0)]),
        ([(0, 90), (30, 80), (36, 74)], [(37, WARN), (38, 0)]),
        ([(0, 90), (30, 80), (37, 74)], []),  # 16 points, but in eight days
        ([(0, 45), (30, 39.9)], [(45, CRITICAL)]),
        ([(0, 45), (30, 40)], []),
        ([(0, 45), (30, 39), (44, 40)], []),  # for 13 days and some hours
        ([(0, 39)], [(15, CRITICAL)]),
    ],
)  # fmt: skip
def test_a_drop_is_15_or_25_points_in_7_days_or_two_weeks_below_40(
    course: list[tuple[int, float]], opens: list[tuple[int, int]]
) -> None:
    assert levels("drop", account(*course), range(10, 80)) == opens


def test_a_drop_is_over_10_points_above_its_low_and_at_40() -> None:
    now, alert = account((0, 90), (30, 50), (35, 25), (40, 39), (45, 40)), episode("drop", 31, since=24)
    assert [judge("drop", now, day, alert).off for day in (36, 41, 45, 46)] == [False, False, False, True]
    high = account((0, 90), (30, 60), (40, 69.9), (45, 70))
    assert [judge("drop", high, day, alert).off for day in (41, 45, 46)] == [False, False, True]


def test_a_drop_says_what_it_fell_by_and_when_it_will_be_at_40() -> None:
    now = account((0, 90), (30, 60))
    verdict = judge("drop", now, 31)
    assert rule_of("drop").explain.format_map(verdict.numbers) == (
        "The index fell by 30 points in 7 days to 60; at this slope it is at 40 in 19 days."
    )
    assert [(row.name, row.observed, row.expected, row.window) for row in verdict.evidence] == [
        ("value_index", 60.0, 90.0, "7d"), ("days_until_40", 19, None, None),
    ]  # fmt: skip
    low = judge("drop", account((0, 90), (30, 39)), 45)
    assert low.level == CRITICAL
    assert rule_of("drop").explain.format_map(low.numbers) == (
        "The index has been below 40 for 14 days and is 39; it is at 40 already."
    )
    flat = judge("drop", now, 70, episode("drop", 31, since=24))
    assert flat.numbers["outlook"] == "it falls no more"
    assert (flat.level, flat.off, flat.clears is not None and flat.clears.at_least) == (0, False, 70.0)


def test_the_low_of_a_long_alert_is_that_of_the_days_that_are_remembered() -> None:
    now, alert = account((0, 90), (30, 35), (31, 41)), episode("drop", 31, since=24)
    assert not judge("drop", now, 180, alert).off
    assert not judge("drop", now, 400, alert).off
    note(now.record.standing, (FIRST + 400) * DAY, 510)
    assert judge("drop", now, 401, alert).off


# -- index.plateau ----------------------------------------------------------------------------------------------------


def first(name: str, now: Account, days: range, level: int, alert: Episode | None = None) -> int | None:
    """The first day at which it is so severe and not over."""
    verdicts = ((day, judge(name, now, day, alert)) for day in days)
    return next((day for day, verdict in verdicts if verdict.level == level and not verdict.off), None)


@pytest.mark.parametrize(
    ("course", "opens"),
    [
        ([(0, 60), (40, 80)], 68),  # 28 days flat
        ([(0, 75.1), (40, 80)], None),  # it rose by less than 5 points
        ([(0, 60), (40, 80), (50, 81.5), (60, 79)], 68),  # all within 2% of 80.2
        ([(0, 60), (40, 80), (50, 83)], 78),
        ([(0, 60), (40, 80), (60, 60)], None),
        ([(0, 60), (40, 100)], None),  # it can rise no further
        ([(0, 60), (40, 99)], 68),
        ([(20, 60), (40, 80)], 77),  # from what it rose must be known for 56 days
    ],
)
def test_a_plateau_is_a_rise_and_then_28_days_within_2_percent(
    course: list[tuple[int, float]], opens: int | None
) -> None:
    assert first("plateau", account(*course), range(20, 140), INFO) == opens


PLATEAU: list[tuple[int, float]] = [(0, 60), (40, 80)]


def plateau() -> Episode:
    return episode("plateau", 68, frozen=[800])


def test_a_plateau_freezes_its_mean() -> None:
    verdict = judge("plateau", account(*PLATEAU), 68)
    assert (verdict.level, verdict.frozen) == (INFO, [800])
    assert rule_of("plateau").explain.format_map(verdict.numbers) == (
        "The index rose by 20 points, then stayed within 2% of 80 for 28 days."
    )
    assert judge("plateau", account(*PLATEAU), 69, plateau()).frozen is None


@pytest.mark.parametrize(
    ("course", "decays"),
    [
        ([(70, 76), (77, 75.9)], 78),
        ([(70, 76), (77, 76)], None),  # the second is not lower
        ([(70, 76), (76, 75)], 78),  # not yet a week after the first
        ([(70, 76.1), (77, 75.9), (83, 75.8)], 85),  # the first was less than 5% under the mean
        ([(67, 76), (74, 75)], 75),  # the very first evaluation counts
        ([(66, 76), (73, 75), (74, 75.5)], 75),
    ],
)
def test_a_plateau_decays_by_two_evaluations_a_week_apart_the_second_lower(
    course: list[tuple[int, float]], decays: int | None
) -> None:
    assert first("plateau", account(*PLATEAU, *course), range(69, 100), WARN, plateau()) == decays


def test_a_decaying_plateau_says_how_far_it_is_under_its_mean() -> None:
    verdict = judge("plateau", account(*PLATEAU, (70, 76), (77, 72)), 78, plateau())
    assert rule_of("plateau").explain.format_map(verdict.numbers) == (
        "The index is 72, 10% under its plateau of 80 and lower than 7 days before."
    )


@pytest.mark.parametrize(
    ("course", "over"),
    [
        ([(75, 84)], 76), ([(75, 83.9)], None),
        ([(75, 76), (80, 80)], 94),  # back within 2% for 14 days
        ([(75, 76), (80, 78.4)], 94), ([(75, 76), (80, 78.3)], None),
        ([], None),  # it never left
    ],
)  # fmt: skip
def test_a_plateau_is_over_5_percent_above_its_mean_or_once_it_is_back(
    course: list[tuple[int, float]], over: int | None
) -> None:
    now = account(*PLATEAU, *course)
    assert next((day for day in range(69, 140) if judge("plateau", now, day, plateau()).off), None) == over


def test_near_the_top_a_plateau_is_over_at_100() -> None:
    alert = episode("plateau", 68, frozen=[980])
    assert not judge("plateau", account((0, 60), (40, 98), (75, 99.9)), 76, alert).off
    verdict = judge("plateau", account((0, 60), (40, 98), (75, 100)), 76, alert)
    assert verdict.off
    assert rule_of("plateau").over.format_map(verdict.numbers) == "The index is 100; its plateau was 98."


# -- index.righted ----------------------------------------------------------------------------------------------------


def righted(*course: tuple[int, float]) -> Account:
    """An index that fell to 50 on day 30, and whose drop of days 24 to 44 has ended."""
    now = account((0, 90), (30, 50), *course)
    now.record.spans["index.drop"] = [(FIRST + 24, FIRST + 44)]
    return now


@pytest.mark.parametrize(
    ("course", "opens"),
    [
        ([(40, 60)], 55),
        ([(40, 59.9)], None),
        ([(40, 60), (50, 59), (51, 65)], 66),
        ([(50, 70)], 65),
    ],
)
def test_righted_is_10_points_over_the_low_of_what_ended_held_for_14_days(
    course: list[tuple[int, float]], opens: int | None
) -> None:
    assert first("righted", righted(*course), range(45, 100), INFO) == opens


def test_what_is_falling_again_is_not_righted() -> None:
    now = righted((40, 60))
    now.record.episodes = [episode("falling", 50, status="recovering")]
    assert judge("righted", now, 60).level == 0
    now.record.episodes = [episode("falling", 50, status="resolved")]
    verdict = judge("righted", now, 60)
    assert verdict.level == INFO
    assert rule_of("righted").explain.format_map(verdict.numbers) == (
        "The index is 60, 10 points over its low, and has been so for 14 days."
    )


def test_righted_is_over_30_days_after_by_the_calendar_alone() -> None:
    now, alert = righted((40, 60)), episode("righted", 55)
    assert [(v.off, v.by_calendar) for v in (judge("righted", now, day, alert) for day in (84, 85))] == [
        (False, False), (True, True),
    ]  # fmt: skip
    clears = judge("righted", now, 60, alert).clears
    assert clears is not None
    assert clears.text == "time alone: it ends 30 days after it opened"


def test_an_index_that_never_was_has_no_low() -> None:
    now = account((60, 90))
    now.record.spans["index.drop"] = [(FIRST + 24, FIRST + 44)]
    assert judge("righted", now, 80).level == 0


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["falling", "drop", "plateau", "righted"])
def test_without_an_index_nothing_opens_and_what_is_open_ends(name: str) -> None:
    now = account((0, 90), (60, NONE / 10))
    verdict = judge(name, now, 62, episode(name, 50, frozen=[900]))
    assert (verdict.level, verdict.off, verdict.how) == (0, True, "there is no index any more")
    assert judge(name, account(), 62).level == 0


def test_a_way_that_asks_for_what_is_not_known_does_not_hold() -> None:
    way = Clearing(over_low=100)
    operator = rule_of("drop").operator
    assert isinstance(operator, Trend)
    assert not way.holds(past_of(900), None)
    assert Clearing(over_mean=0.05).needs(past_of(900), None) is None
    assert Clearing(at_least=400).holds(past_of(400), None)


def past_of(*values: int) -> Past:
    return Past(values)


@pytest.mark.parametrize(("name", "days"), [("falling", 35), ("drop", 14), ("plateau", 56), ("righted", 14)])
def test_a_trend_is_warm_once_the_index_goes_back_far_enough(name: str, days: int) -> None:
    operator, now = rule_of(name).operator, account((0, 90))
    warm = [day for day in range(70) if operator.warm(now, (FIRST + day) * DAY + 7 * HOUR)]
    assert warm == list(range(days + 1, 70))


def test_the_daily_minute_of_an_account_whose_index_rests_is_skipped_again() -> None:
    """The mark that its index moved goes once no trend can see the move any more."""
    plan = only("index.falling", "index.drop", "index.plateau", "index.righted")
    young, old = (known(days).world(days * DAY, plan=plan).block() for days in (40, 90))
    assert (hot.wake_mask(young) & MOVED, hot.wake_mask(old) & MOVED) == (MOVED, 0)


def test_an_account_that_is_skipped_has_a_trend_found_all_the_same() -> None:
    """Nothing but the index moves: no rule is daily but the trends, and usage is hot."""
    plan = only("index.falling", "index.drop", "incident.untold")
    story = known(60)(25 * DAY, IncidentOpened, incident_id="i", severity="major")
    story(26 * DAY, IncidentResolved, incident_id="i")
    world = story.world(60 * DAY, plan=plan)
    assert world.of("index.drop") == []
    worse = msgspec.structs.replace(plan, rules=tuple(heavier(rule) for rule in plan.rules))
    assert [alert.severity for alert in story.world(60 * DAY, plan=worse).of("index.drop")][:1] == ["warn"]


def heavier(rule: Rule) -> Rule:
    """The rule with its points in outcomes, where they weigh most."""
    return msgspec.structs.replace(rule, family="outcomes")
