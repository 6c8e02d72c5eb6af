"""What begins a wait: whose subjects it may be, and that nothing is awaited from before the rule was asked for."""

import msgspec

from detector.domain.account import Account
from detector.domain.conditions import Named
from detector.domain.events import AccountUpdated, DealClosed, OnboardingStarted, StakeholderUpdated, SurveyResponded
from detector.domain.hot import new
from detector.domain.limits import CAP, ROOM, keep_small
from detector.domain.moments import MomentOf
from detector.domain.operators.obligation import Obligation
from tests.domain.world import DAY, PLAN, T0, Story, with_rule


def obligation(rule_id: str) -> Obligation:
    operator = next(rule.operator for rule in PLAN.rules if rule.id == rule_id)
    assert isinstance(operator, Obligation)
    return operator


def account_of(story: Story) -> Account:
    return story.world().partition._accounts["default", "acme"]


def test_a_role_can_be_named_where_somebody_has_one() -> None:
    story = Story()(0, StakeholderUpdated, stakeholder_id="s", role="sponsor")
    story(1, StakeholderUpdated, stakeholder_id="c", role="champion")
    assert list(MomentOf("role.named").subjects(account_of(story))) == ["champion", "sponsor"]


def test_what_begins_for_the_account_begins_for_no_subject() -> None:
    story = Story()(0, SurveyResponded, survey_type="csat", score=1.0, scale_min=1.0, scale_max=5.0)
    account = account_of(story(DAY, DealClosed))
    assert list(obligation("survey.unanswered").after.subjects(account)) == [None]
    assert list(obligation("goal.missing").after.subjects(account)) == [None]


def test_nothing_is_owed_from_before_its_rule_was_asked_for() -> None:
    """R2 anchor: the wait begins when what the rule asks for (`while`) began to hold."""
    rule = next(rule for rule in PLAN.rules if rule.id == "onboarding.kickoff_late")
    plan = with_rule(msgspec.structs.replace(rule, when=Named(frozenset({"sponsor"}))))
    story = Story()(0, OnboardingStarted)(10 * DAY, StakeholderUpdated, stakeholder_id="s", role="sponsor")
    story(10 * DAY, AccountUpdated, segment="smb")  # which wakes every rule
    opened = [one.detected_at[:10] for one in story.world(30 * DAY, plan=plan).of(rule.id)]
    assert opened == ["2026-01-29"]
    assert [one.detected_at[:10] for one in story.world(30 * DAY).of(rule.id)] == ["2026-01-19"]


def test_a_record_that_cannot_be_made_small_is_left_as_small_as_it_gets() -> None:
    account = Account("default", "acme", "default/acme", new(), None)
    account.record.marks = {f"{number:0900d}": (T0, T0) for number in range(70)}
    account.record.size = CAP + 1
    keep_small(account)
    assert account.record.size > ROOM
