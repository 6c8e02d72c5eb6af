"""Whom to ask is worked out, and leaves what asking every rule would: of a new account, and of an event."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from detector.domain import detect, hot
from detector.domain.account import Account
from detector.domain.events import AccountUpdated, StakeholderUpdated, TouchLogged, UsageMetered, UsageRecorded
from detector.domain.operators.change import Change
from detector.domain.operators.fall import Fall
from detector.domain.operators.growth import Growth
from detector.domain.operators.slide import Slide
from detector.domain.operators.trend import Trend
from detector.domain.owed import owed
from tests.domain.streams import rows
from tests.domain.test_laws import bounded, end_of
from tests.domain.world import DAY, HOUR, PLAN, Row, Story, World, log_of

ALL_WOKEN = msgspec.structs.replace(
    PLAN, entries={cls: msgspec.structs.replace(entry, only={}) for cls, entry in PLAN.entries.items()}
)


def test_a_new_account_owes_what_it_is_expected_to_do_and_nothing_that_has_to_begin_first() -> None:
    """R2.3, R2.6: silences of everybody run from first sight; a rule over tickets waits for a ticket."""
    found = {rule.id for rule in PLAN.rules if owed("default", (rule,))}
    assert {"contact.dark", "onboarding.stalled", "usage.dark"} <= found
    assert found.isdisjoint({"support.flood", "incident.untold", "goal.unmeasured", "invoice.overdue"})


@settings(bounded, max_examples=25)
@given(rows())
def test_asking_every_rule_about_a_new_account_changes_nothing(stream: list[Row]) -> None:
    one = World(log_of(stream)).play(end_of(stream))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detect, "owed", lambda *_: True)
        two = World(log_of(stream)).play(end_of(stream))
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes
    assert one.store == two.store


@settings(bounded, max_examples=25)
@given(rows(gaps=(1000, 3 * 60_000, 86_400_000, 9 * 86_400_000)))
def test_asking_rules_whose_measures_did_not_take_the_event_changes_nothing(stream: list[Row]) -> None:
    """R2.1: an event concerns a rule by a matcher that it names."""
    one = World(log_of(stream)).play(end_of(stream))
    two = World(log_of(stream), plan=ALL_WOKEN).play(end_of(stream))
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes


def test_a_touch_wakes_the_rules_whose_measures_take_it() -> None:
    """Without the filter sixteen rules are asked for every touch."""
    plain = TouchLogged(event_id="e", account_id="a", occurred_at=0, source="s", direction="outbound", kind="email")
    account, entry = Account("default", "a", "default/a", hot.new(), None), PLAN.entries[TouchLogged]
    took = {place for place, kept in enumerate(entry.updates) if kept.fold(plain, b"8 bytes!", account)}
    asked = {rule.id for rule, _ in detect.woken(entry, took)}
    assert "contact.dark" in asked
    assert "competitor.mentioned" not in asked
    assert len(asked) < len(entry.wakes)


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKLY = (150, 15, 40, 10, 90, 8, 4)  # actions a person and day
NEEDS_HISTORY = (Change, Fall, Growth, Slide, Trend)


@settings(bounded, max_examples=25)
@given(rows(gaps=(3 * HOUR, DAY, DAY, 9 * DAY), types=("usage.recorded", "usage.metered", "stakeholder.updated")))
def test_not_asking_rules_before_there_can_be_history_changes_nothing(stream: list[Row]) -> None:
    """R2.4: what needs so many days of history is neither warm nor ON before an account has had them."""
    one = World(log_of(stream)).play(end_of(stream))
    with pytest.MonkeyPatch.context() as patch:
        for operator in NEEDS_HISTORY:
            patch.setattr(operator, "history_days", 0)
        two = World(log_of(stream)).play(end_of(stream))
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes


def test_a_rule_is_asked_as_soon_as_there_can_be_history() -> None:
    """R2.4: of a busy account over 230 days, whose usage falls, rises and falls again, nothing comes late."""
    story = Story()
    for day in range(230):
        level = 1 if 45 <= day < 60 or day >= 200 else 9 + day % 3
        for person in range(6 if day < 90 else 12):
            usage: dict[str, Any] = {
                "count": level,
                "stakeholder_id": f"p{person}",
                "feature": f"f{person % 4 + day // 80}",
            }
            story(day * DAY + person * HOUR, UsageRecorded, topic="usage", **usage)
        story(day * DAY, UsageMetered, meter="calls", quantity=100.0 * level, topic="usage")
    one = story.world(235 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        for operator in NEEDS_HISTORY:
            patch.setattr(operator, "history_days", 0)
        two = story.world(235 * DAY)
    assert {"usage.drop", "spend.drop", "account.growing"} <= {alert.rule_id for alert in one.alerts}
    cold = [set(snapshot.not_warm) for snapshot in one.health]
    assert {"usage.slide", "usage.narrowing", "account.growing"} <= cold[0] - cold[-1]
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes


@pytest.mark.parametrize("week", [WEEKDAYS[:5], WEEKDAYS, WEEKDAYS[1:], WEEKDAYS[:3], WEEKDAYS[2:6]])
def test_asking_daily_rules_that_are_quiet_changes_nothing(week: tuple[str, ...]) -> None:
    """R2.6: whatever the working week is; usage slides, drops and comes back, in seven ways."""
    whole = Story()
    for number in range(7):
        random, story = Random(number), Story(f"account-{number}")
        story(0, AccountUpdated, working_days=week)
        for person, role in enumerate(("sponsor", "champion")):
            story(0, StakeholderUpdated, stakeholder_id=f"p{person}", role=role)
        for day in range(160):
            level = (
                WEEKLY[day % 7] * (1 - random.random() * 0.4) * (0.96 ** max(0, day - 50 - number) if day < 110 else 1)
            )
            for person in range(3):
                who: dict[str, Any] = {"stakeholder_id": f"p{person}", "feature": f"f{person}"}
                story(day * DAY + person * HOUR, UsageRecorded, count=round(level), topic="usage", **who)
        whole.rows += story.rows
    one = whole.world(165 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        for operator in (
            Change,
            Fall,
            Growth,
            Slide,
        ):  # a trend is asked by the index, which the hot block does not hold
            patch.setattr(operator, "quiet", lambda *_: False)
        two = whole.world(165 * DAY)
    assert {"usage.drop", "usage.slide", "usage.person_drop"} <= {alert.rule_id for alert in one.alerts}
    assert one.alert_bytes == two.alert_bytes
    assert one.health_bytes == two.health_bytes
