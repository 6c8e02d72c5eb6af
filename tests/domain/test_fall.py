"""A window against the one before it: features used, and what was metered."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import AccountUpdated, UsageMetered, UsageRecorded
from detector.domain.features import feature_hash
from detector.domain.measures import SubjectSums
from detector.domain.operators.fall import Fall
from detector.domain.schedule import minute_of
from detector.domain.state import encode_record
from detector.domain.verdict import Moment
from detector.domain.windows import Metered
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story, World

SLOT = minute_of("default/acme") * MINUTE
FIRST_DAY = T0 // DAY


def operator(rule_id: str) -> Fall:
    found = next(rule for rule in PLAN.rules if rule.id == rule_id).operator
    assert isinstance(found, Fall)
    return found


NARROWING, SPEND = operator("usage.narrowing"), operator("spend.drop")
assert isinstance(SPEND.windows, Metered)
SUMS = SPEND.windows.sums
NAMES = ("export", "import", "search", "report", "budget", "alerts")


def use(story: Story, days: range, names: tuple[str, ...], *, late: int = 0) -> Story:
    for day in days:
        for number, name in enumerate(names):
            story(day * DAY + number * HOUR, UsageRecorded, feature=name, late=late)
    return story


def meter(story: Story, days: range, quantity: float, name: str = "api", *, late: int = 0) -> Story:
    for day in days:
        story(day * DAY + HOUR, UsageMetered, meter=name, quantity=quantity, late=late)
    return story


def told(world: World, rule_id: str) -> list[tuple[int, str, str | None]]:
    first = date(2026, 1, 5).toordinal()
    return [
        (date.fromisoformat(alert.detected_at[:10]).toordinal() - first, alert.transition, alert.resolution)
        for alert in world.of(rule_id)
    ]


# -- features -----------------------------------------------------------------------------------------------------


def test_narrowing_expires_after_56_days_and_is_warm_once_both_windows_are_known() -> None:
    """R2.4: the features of before stay frozen; what has not come back counts as usual."""
    story = use(use(Story(), range(30), NAMES), range(30, 140), NAMES[:4])
    world = story.world(until=140 * DAY)
    assert told(world, "usage.narrowing") == [(58, "opened", None), (58 + 56, "resolved", "expired")]
    for days, warm in ((56, False), (57, True)):  # settled is the day before the last one
        world = use(use(Story(), range(30), NAMES), range(30, days), NAMES[:4]).world()
        account = Account("default", "acme", "default/acme", world.block(), None)
        assert NARROWING.warm(account, T0 + days * DAY) is warm
    assert not NARROWING.warm(Account("default", "acme", "default/acme", hot.new(), None), T0)


def test_three_features_before_are_no_basis() -> None:
    world = use(use(Story(), range(30), NAMES[:3]), range(30, 70), NAMES[:1]).world(until=70 * DAY)
    account = Account("default", "acme", "default/acme", world.block(), None)
    assert not NARROWING.warm(account, T0 + 60 * DAY + SLOT)
    assert told(world, "usage.narrowing") == []


def test_use_that_is_reported_late_proves_that_no_feature_was_missed() -> None:
    """R2.11: within the days that are kept of a feature."""
    story = use(use(Story(), range(30), NAMES), range(30, 60), NAMES[:4])
    use(story, range(45, 46), NAMES[4:], late=15 * DAY)
    use(story, range(60, 64), NAMES)
    said = told(story.world(until=64 * DAY), "usage.narrowing")
    assert [row[1:] for row in said] == [("opened", None), ("resolved", "superseded")]


def test_an_account_of_very_many_features_is_not_judged() -> None:
    """More than 64: those that were dropped may have been used in either window."""
    story = use(Story(), range(20), tuple(f"one-{i}" for i in range(20)))
    use(story, range(20, 24), tuple(f"two-{i}" for i in range(23)))
    use(story, range(24, 28), tuple(f"three-{i}" for i in range(23)))
    use(story, range(28, 60), NAMES[:1])
    assert told(story.world(until=60 * DAY), "usage.narrowing") == []


def test_a_month_of_holidays_tells_nothing_and_an_open_alert_stays_as_it_is() -> None:
    days = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(64, 118))
    story = Story()(0, AccountUpdated, holidays=days)
    use(use(story, range(30), NAMES), range(30, 64), NAMES[:4])
    use(story, range(64, 120), NAMES[:1])
    world = story.world(until=120 * DAY)
    assert told(world, "usage.narrowing") == [(58, "opened", None), (58 + 56, "resolved", "expired")]
    assert "? features were used in 28 days, 6 in the 28 days before" in world.of("usage.narrowing")[-1].explanation


def test_while_it_recovers_a_month_of_holidays_counts_as_recovered() -> None:
    days = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(68, 120))
    story = Story()(0, AccountUpdated, holidays=days)
    use(use(story, range(30), NAMES), range(30, 90), NAMES[:4])
    use(story, range(84, 90), NAMES)
    said = told(story.world(until=96 * DAY), "usage.narrowing")
    assert [row[1:] for row in said] == [("opened", None), ("recovering", None), ("resolved", "righted_itself")]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(NAMES)), min_size=1, max_size=60))
def test_a_day_that_looks_quiet_from_the_hot_block_has_no_narrowing(uses: list[tuple[int, str]]) -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for day, name in sorted(uses):
        at = (FIRST_DAY + day) * DAY
        hot.add_usage(account.hot, FIRST_DAY + day, 1, None, at, hot.RECORDED, feature_hash(name))
    for day in range(58, 62):
        now = (FIRST_DAY + day) * DAY + SLOT
        verdict = NARROWING.judge(account, None, Moment(now, now, T0, T0), None)
        assert NARROWING.quiet(account.hot, now) is not (verdict.level > 0)


# -- meters -------------------------------------------------------------------------------------------------------


def test_spend_is_compared_by_the_day_and_holidays_are_left_out() -> None:
    """R2.4: a week without work in the last window is no drop."""
    days = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(63, 70))
    story = Story()(0, AccountUpdated, holidays=days)
    meter(story, range(63), 1000)
    meter(story, range(70, 90), 1000)
    assert told(story.world(until=90 * DAY), "spend.drop") == []
    lost = meter(meter(Story(), range(63), 1000), range(70, 90), 1000).world(until=90 * DAY)
    assert [row[1] for row in told(lost, "spend.drop")][:1] == ["opened"]


def test_a_month_of_holidays_is_not_compared() -> None:
    days = tuple(date.fromordinal(date(2026, 1, 5).toordinal() + day) for day in range(34, 68))
    story = Story()(0, AccountUpdated, holidays=days)
    meter(meter(story, range(34), 1000), range(66, 69), 10)
    assert told(story.world(until=69 * DAY), "spend.drop") == []


def test_spend_that_is_reported_late_proves_that_there_was_no_drop() -> None:
    story = meter(meter(Story(), range(60), 1000), range(60, 76), 500)
    for day in range(60, 76):
        story(day * DAY + 2 * HOUR, UsageMetered, meter="api", quantity=500.0, late=76 * DAY - day * DAY)
    meter(story, range(76, 80), 1000)
    said = told(story.world(until=80 * DAY), "spend.drop")
    assert [row[1:] for row in said] == [("opened", None), ("resolved", "superseded")]


def test_a_meter_that_is_kept_no_more_ends_its_alert() -> None:
    story = meter(meter(Story(), range(60), 1000), range(60, 76), 500)
    for number in range(16):
        meter(story, range(77, 80), 1, f"m{number}")
    world = story.world(until=80 * DAY)
    assert [row[1:] for row in told(world, "spend.drop")] == [("opened", None), ("resolved", "superseded")]
    assert world.record().evicted["subject"] == 1
    assert set(world.record().sums[SUMS.name]) == {f"m{number}" for number in range(16)}


def test_a_silent_meter_is_judged_until_its_windows_have_left_the_days_that_are_kept() -> None:
    world = meter(Story(), range(70), 1000).world(until=140 * DAY)
    said = told(world, "spend.drop")
    assert [row[1:] for row in said] == [("opened", None), ("resolved", "expired")]


def test_an_account_without_meters_is_never_warm_and_needs_no_record() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    assert not SPEND.warm(account, T0)
    assert not SPEND.needs_record(account)
    assert SPEND.quiet(account.hot, T0)
    account.record.sums[SUMS.name] = {}
    assert not SPEND.needs_record(account)


QUANTITIES = st.tuples(st.integers(0, 76), st.sampled_from(["api", "disk"]), st.integers(-5_000, 9_000))


@given(st.lists(QUANTITIES, max_size=30).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_sums_do_not_depend_on_the_order_of_arrival(orders: tuple[list[tuple[int, str, int]], ...]) -> None:
    found = []
    for rows in orders:
        account = Account("default", "acme", "default/acme", hot.new(), None)
        for day, name, thousandths in rows:
            event = UsageMetered(
                event_id="1", account_id="acme", occurred_at=T0 + day * DAY, meter=name, quantity=thousandths / 1000
            )
            SUMS.fold(event, b"", account)
        found.append(account.record.sums)
    assert found[0] == found[1]
    for name in ("api", "disk"):
        sums = found[0].get(SUMS.name, {}).get(name)
        total = sum(thousandths for _, one, thousandths in orders[0] if one == name)
        assert (0 if sums is None else sum(amount for _, amount in sums.days)) == total


def test_days_that_are_older_than_77_leave_and_late_ones_are_not_taken() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for day in (0, 10, 100, 23):
        event = UsageMetered(event_id="1", account_id="acme", occurred_at=T0 + day * DAY, meter="api", quantity=1.0)
        SUMS.fold(event, b"", account)
    sums = account.record.sums[SUMS.name]["api"]
    assert sums.first == FIRST_DAY
    assert sums.days == [(FIRST_DAY + 100, 1000)]


def test_no_sum_of_a_day_outgrows_what_can_be_written() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for _ in range(9):
        event = UsageMetered(event_id="1", account_id="acme", occurred_at=T0, meter="api", quantity=2.0**52)
        SUMS.fold(event, b"", account)
    assert account.record.sums[SUMS.name]["api"].days == [(FIRST_DAY, 2**62)]
    assert len(encode_record(account.record)) > 0


def test_what_its_matcher_refuses_is_not_summed() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    sums = SubjectSums("other", SUMS.matcher, "quantity", "meter")
    event = UsageRecorded(event_id="1", account_id="acme", occurred_at=T0)
    sums.fold(event, b"", account)
    assert account.record.sums == {}


@pytest.mark.parametrize("name", ["usage.narrowing", "spend.drop"])
def test_it_is_judged_once_a_day_and_wakes_with_no_event(name: str) -> None:
    assert operator(name).daily
    assert operator(name).wakes == ()
