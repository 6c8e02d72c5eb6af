"""Growth: more people than in the months before, or a feature that several begin with."""

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import UsageRecorded
from detector.domain.operators.growth import Growth
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, PLAN, Story

FOUND = next(rule for rule in PLAN.rules if rule.id == "account.growing").operator
assert isinstance(FOUND, Growth)
GROWTH: Growth = FOUND
MONTH = 30


def people(first: int, now: int) -> Account:
    """So many people in the first three months, and so many in the three after them; judged when they are over."""
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for count, begin in ((first, 660), (now, 663)):
        for number in range(count):
            day = (begin + number % 3) * MONTH
            hot.add_usage(account.hot, day, 1, hot.member_hash(f"p{number}"), day * DAY)
    return account


def level(account: Account, day: int) -> int:
    now = (day + 1) * DAY + 7 * HOUR
    assert GROWTH.quiet(account.hot, now) is (GROWTH.judge(account, None, Moment(now, now, 0, 0), None).level == 0)
    return GROWTH.judge(account, None, Moment(now, now, 0, 0), None).level


def test_six_tenths_more_people_are_growth_once_the_months_are_over() -> None:
    last = 666 * MONTH - 1
    assert level(people(5, 8), last) == 1
    assert level(people(5, 8), last - 1) == 0
    assert level(people(5, 7), last) == 0
    assert level(people(10, 16), last + 5) == 1
    assert level(people(4, 9), last) == 0
    assert level(people(0, 9), last) == 0


def test_it_is_warm_when_usage_goes_back_as_far_as_both_windows() -> None:
    account = people(5, 8)
    assert GROWTH.warm(account, 666 * MONTH * DAY + 7 * HOUR)
    assert not GROWTH.warm(account, 665 * MONTH * DAY + 7 * HOUR)


def test_two_new_features_are_told_together_and_a_third_person_who_comes_late_is_none() -> None:
    story = Story()(0, UsageRecorded, feature="search", stakeholder_id="p0")
    for number, (feature, day) in enumerate(
        [("budget", 70), ("budget", 71), ("budget", 75), ("export", 70), ("export", 71), ("export", 75),
         ("report", 70), ("report", 71), ("report", 101)]
    ):  # fmt: skip
        story(day * DAY, UsageRecorded, feature=feature, stakeholder_id=f"p{number}")
    world = story.world(until=110 * DAY)
    (alert,) = world.of("account.growing")
    assert alert.detected_at[:10] == "2026-03-22"  # day 76
    assert alert.since == "2026-03-21T00:00:00.000Z"
    assert "3 people or more began with 2 new features within 30 days" in alert.explanation
