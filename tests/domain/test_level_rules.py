"""Rules over shares and levels: from a date on, by tenure, by the day, and what is not known."""

from datetime import date
from typing import Any

import msgspec
import pytest

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.conditions import Within
from detector.domain.events import (
    AccountUpdated,
    OnboardingCompleted,
    OnboardingStarted,
    SeatsChanged,
    StakeholderUpdated,
    SurveyResponded,
    TouchLogged,
    UsageActiveUsers,
)
from detector.domain.levels import KnownPeople
from detector.domain.operators.threshold import Rung, Threshold, Way
from detector.domain.tenure import Tenure
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, PLAN, T0, Story

MONTH = 30 * DAY


def operator(rule_id: str) -> Threshold:
    found = next(rule for rule in PLAN.rules if rule.id == rule_id).operator
    assert isinstance(found, Threshold)
    return found


def at(account: Account, now: int) -> Moment:
    return Moment(T0 + now, T0 + now, T0, T0)


def account_of(story: Story) -> Account:
    return story.world().partition._accounts["default", "acme"]


# -- tenure -----------------------------------------------------------------------------------------------------------


def test_tenure_is_counted_in_months_of_thirty_days_since_the_contract_began() -> None:
    account = account_of(Story()(100 * DAY, AccountUpdated, contract_start=date(2026, 1, 5)))
    six = Tenure(at_least=6)
    assert not six.held(account, at(account, 6 * MONTH - 1), None).holds
    assert six.held(account, at(account, 6 * MONTH - 1), None).due == T0 + 6 * MONTH
    assert six.held(account, at(account, 6 * MONTH), None) == six.held(account, at(account, 6 * MONTH), "x")
    assert six.held(account, at(account, 6 * MONTH), None).holds
    assert six.held(account, at(account, 6 * MONTH), None).due is None
    assert Tenure(below=6).held(account, at(account, 6 * MONTH - 1), None).holds
    assert not Tenure(below=6).held(account, at(account, 6 * MONTH), None).holds
    assert six.classes == (AccountUpdated, OnboardingStarted)


def test_without_a_contract_tenure_begins_with_the_account() -> None:
    account = account_of(Story()(0, AccountUpdated, segment="smb"))
    assert Tenure(at_least=1).held(account, at(account, MONTH), None).text == "it has been a customer for 1.0 months"


# -- from a date on ---------------------------------------------------------------------------------------------------


def test_a_start_that_moves_proves_that_it_was_too_early_to_tell() -> None:
    """R2.11: the account began later than it seemed, so that nothing was missing yet."""
    story = Story()(0, AccountUpdated, segment="smb")
    story(20 * DAY, OnboardingStarted, late=15 * DAY)
    said = [
        (alert.detected_at[:10], alert.transition, alert.resolution)
        for alert in story.world(until=60 * DAY).of("stakeholder.roles_missing")
    ]
    assert said == [
        ("2026-02-04", "opened", None),
        ("2026-02-09", "resolved", "superseded"),
        ("2026-02-24", "opened", None),
    ]


def test_a_date_after_what_never_happened_never_comes() -> None:
    account = account_of(Story()(0, AccountUpdated, segment="smb"))
    golive = operator("golive.low_adoption")
    assert golive.since is not None
    assert golive.since.at(account, at(account, DAY)) is None
    assert golive.judge(account, None, at(account, 400 * DAY), None).due is None


def test_after_its_date_only_what_comes_is_looked_at() -> None:
    """An account is not looked at for ever, day by day, for a share that was well on its day."""
    story = Story()(0, OnboardingStarted)(DAY, OnboardingCompleted, planned_users=10)
    story(30 * DAY, UsageActiveUsers, active_users=6, period_days=28)
    account = account_of(story)
    golive = operator("golive.low_adoption")
    assert golive.judge(account, None, at(account, 2 * DAY), None).due == T0 + 31 * DAY
    assert golive.judge(account, None, at(account, 31 * DAY), None).due is None


# -- by the day -------------------------------------------------------------------------------------------------------


def test_what_is_judged_by_the_day_waits_for_no_event_and_for_no_deadline() -> None:
    """R2.6."""
    licence = operator("licence.underused")
    assert licence.daily
    assert licence.wakes == ()
    account = account_of(Story()(0, SeatsChanged, purchased=9))
    assert licence.judge(account, None, at(account, 27 * DAY), None).due is None
    verdict = licence.judge(account, None, at(account, 28 * DAY), None)
    assert (verdict.level, verdict.due) == (4, None)


def test_an_account_is_looked_at_by_the_day_once_it_has_bought_seats() -> None:
    licence = operator("licence.underused")
    assert licence.needs_record(account_of(Story()(0, SeatsChanged, purchased=9)))
    assert not licence.needs_record(account_of(Story()(0, OnboardingStarted)))
    assert not operator("golive.low_adoption").needs_record(account_of(Story()(0, OnboardingStarted)))


def test_the_share_that_is_expected_is_that_of_the_tenure() -> None:
    story = Story()(0, AccountUpdated, contract_start=date(2026, 1, 5))(0, SeatsChanged, purchased=100)
    for week in range(30):
        story(week * 7 * DAY, UsageActiveUsers, active_users=40, period_days=28)
    alerts = story.world(until=200 * DAY).of("licence.underused")
    assert [alert.explanation.partition(". ")[0] for alert in alerts] == [
        "40 people are active on 100 licences: 40% where 50% are expected by now.",
        "40 people are active on 100 licences: 40% where 75% are expected by now.",
    ]


# -- what is not known ------------------------------------------------------------------------------------------------


def test_what_is_not_known_neither_opens_nor_clears() -> None:
    """Missing data lowers the confidence, never the alarm: the feed of active people ends, and nobody is named."""
    story = Story()(0, OnboardingStarted)(0, OnboardingCompleted, planned_users=10)
    story(29 * DAY, UsageActiveUsers, active_users=4, period_days=28)
    world = story.world(until=31 * DAY)
    account = world.partition._accounts["default", "acme"]
    for day in range(29, 45):
        hot.add_usage(account.hot, T0 // DAY + day, 5, None, T0 + day * DAY)
    world.partition.run_to(T0 + 50 * DAY)
    world.collect()
    assert [alert.transition for alert in world.of("golive.low_adoption")] == ["opened"]
    golive = operator("golive.low_adoption")
    episode = account.record.episodes[0]
    verdict = golive.judge(account, None, at(account, 50 * DAY), episode)
    assert (verdict.level, verdict.off) == (0, False)
    assert verdict.numbers["observed"] == "an unknown share"
    assert verdict.numbers["active_people"] == "an unknown number of"


@pytest.mark.parametrize("rule_id", ["licence.underused", "golive.low_adoption"])
def test_a_feed_of_numbers_that_ends_is_no_use_by_nobody(rule_id: str) -> None:
    story = Story()(0, SeatsChanged, purchased=50)(0, OnboardingStarted)(0, OnboardingCompleted, planned_users=50)
    for week in range(2):
        story(week * 7 * DAY, UsageActiveUsers, active_users=45, period_days=28)
    assert story.world(until=120 * DAY).of(rule_id) == []


def test_where_it_clears_once_it_is_not_so_the_unknown_does_not_clear_it() -> None:
    account = account_of(Story()(0, AccountUpdated, segment="smb"))
    rule = msgspec.structs.replace(operator("golive.low_adoption"), since=None, ways=(), not_so=True)
    assert not rule.judge(account, None, at(account, DAY), None).off


# -- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("golive.low_adoption", "50% or more"),
        ("contact.single_threaded", "under 65% in 60d"),
        ("support.volume", "at most 1 in 90d"),
        ("data.exported", "30 days without another one"),
        ("feedback.single_view", "what opened it being so no more"),
    ],
)
def test_what_clears_is_said_in_words(rule_id: str, text: str) -> None:
    assert operator(rule_id)._says(0.0).text == text


def test_a_way_without_a_bound_of_the_measure_is_passed_over_in_words() -> None:
    known = KnownPeople("known_people")
    rule = Threshold(
        "known_people", known, (Rung(2, Within(known, below=2)),), ways=(Way(Within(known, above=2)), Way(None))
    )
    assert rule._says(0.0).text == "what opened it being so no more"
    assert rule.measures is not None


def talk(story: Story, hour: int, who: str) -> Story:
    return story(hour * HOUR, TouchLogged, direction="inbound", kind="email", stakeholder_id=who)


def test_an_explanation_names_the_parts_of_a_share() -> None:
    story = Story()
    for who, role in (("p1", "champion"), ("p2", "end_user")):
        story(0, StakeholderUpdated, stakeholder_id=who, role=role)
    for hour in range(1, 6):
        talk(story, hour, "p1")
    alert = story.world(until=DAY).of("contact.single_threaded")[0]
    assert alert.explanation.startswith("One person wrote 100% of 5 messages in 60 days; 2 people are known.")
    assert [row.name for row in alert.evidence] == ["loudest_share_60d", "inbound_touches_60d", "known_people"]
    assert (alert.evidence[0].observed, alert.evidence[0].expected) == (1.0, 0.8)


def test_an_answer_that_falls_out_of_the_window_may_leave_one_view_alone() -> None:
    """The passing of time alone can bring it about, and is looked at."""
    story = Story()
    for who, role in (("p1", "champion"), ("p2", "end_user")):
        story(0, StakeholderUpdated, stakeholder_id=who, role=role)
    score: dict[str, Any] = {"survey_type": "csat", "score": 4.0, "scale_min": 1.0, "scale_max": 5.0}
    story(DAY, SurveyResponded, stakeholder_id="p2", **score)
    for day in (10, 11, 12):
        story(day * DAY, SurveyResponded, stakeholder_id="p1", **score)
    said = story.world(until=95 * DAY).said("feedback.single_view")
    assert said == [("2026-04-06T00:00:00.000Z", "opened", "watch", None)]
