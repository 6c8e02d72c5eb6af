"""What rules ask of usage: when a day is settled, and how much is usual (R2.4)."""

from datetime import date

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import AccountUpdated
from detector.domain.facts import account_updated
from detector.domain.usage import reaches, settled_day, usual_share
from tests.domain.world import DAY, HOUR, T0

FIRST = T0 // DAY


def account() -> Account:
    return Account("default", "acme", "default/acme", hot.new(), None)


def used(days: range, count: int, *, weekend: bool = False) -> Account:
    one = account()
    return use(one, days, count, weekend=weekend)


def use(one: Account, days: range, count: int, *, weekend: bool = False) -> Account:
    for day in days:
        if weekend or day % 7 < 5:
            hot.add_usage(one.hot, FIRST + day, count, None, T0 + day * DAY)
    return one


def test_a_day_is_settled_six_hours_after_its_end() -> None:
    assert settled_day(T0 + 6 * HOUR) == FIRST - 1
    assert settled_day(T0 + 6 * HOUR - 1) == FIRST - 2


def test_usage_is_compared_with_the_28_days_before() -> None:
    one = use(used(range(28), 10), range(28, 56), 9)
    assert usual_share(one, T0 + 56 * DAY + 6 * HOUR) == 0.9
    assert usual_share(one, T0 + 56 * DAY + 6 * HOUR - 1) is None  # 55 days: not so far back
    assert not reaches(account().hot, FIRST, 1)


def test_holidays_are_left_out_of_both_windows() -> None:
    one = use(used(range(28), 10), range(28, 56), 10)
    event = AccountUpdated(event_id="1", account_id="acme", occurred_at=T0, holidays=(date(2026, 2, 3),))
    hot.add_usage(one.hot, FIRST + 29, 500, None, T0 + 29 * DAY)
    account_updated(event, one)
    assert usual_share(one, T0 + 57 * DAY) == 1.0


def test_too_little_before_or_too_few_business_days_tell_nothing() -> None:
    assert usual_share(use(used(range(2), 9), range(28, 56), 9), T0 + 57 * DAY) is None
    one = use(used(range(28), 10), range(28, 56), 10)
    days = tuple(date.fromordinal(date(2026, 2, 2).toordinal() + day) for day in range(25))
    account_updated(AccountUpdated(event_id="1", account_id="acme", occurred_at=T0, holidays=days), one)
    assert usual_share(one, T0 + 57 * DAY) is None
