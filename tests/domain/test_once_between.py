"""A release that is found before it is told: whatever is about its feature, and how long it is looked for."""

from detector.domain.account import Account
from detector.domain.events import AccountUpdated, DocsViewed, ReleasePublished, ReleaseTold, UsageRecorded
from detector.domain.operators.once_between import OnceBetween
from detector.domain.verdict import Moment
from tests.domain.world import DAY, HOUR, PLAN, T0, Story

RULE = "release.found_first"


def operator() -> OnceBetween:
    found = next(rule for rule in PLAN.rules if rule.id == RULE).operator
    assert isinstance(found, OnceBetween)
    return found


def published(feature: str | None = "export") -> Story:
    story = Story()(-60 * DAY, AccountUpdated, segment="smb")
    return story(0, ReleasePublished, release_id="r1", feature=feature)


def account_of(story: Story) -> Account:
    return story.world().partition._accounts["default", "acme"]


def due(account: Account, at: int) -> int | None:
    return operator().judge(account, "r1", Moment(T0 + at, T0 + at, T0, T0), None).due


def test_use_is_looked_for_once_a_day_for_ninety_days() -> None:
    account = account_of(published())
    assert due(account, HOUR) == T0 + DAY
    assert due(account, 88 * DAY) == T0 + 89 * DAY
    assert due(account, 89 * DAY) is None


def test_use_after_it_was_found_and_told_is_no_news() -> None:
    story = published()(HOUR, ReleaseTold, release_id="r1")(2 * HOUR, UsageRecorded, feature="export")
    world = story(3 * HOUR, DocsViewed, feature="export").world(until=30 * DAY)
    assert world.said(RULE) == []
    assert RULE not in world.record().wake


def test_a_release_of_nothing_in_particular_is_not_found() -> None:
    story = published(None)(HOUR, DocsViewed, feature="export")(2 * HOUR, DocsViewed)
    assert story.world(until=100 * DAY).said(RULE) == []


def test_two_releases_of_a_feature_are_each_found() -> None:
    story = published()(HOUR, ReleasePublished, release_id="r2", feature="export")
    said = story(2 * HOUR, DocsViewed, feature="export").world(until=DAY).said(RULE)
    assert [row[3] for row in said] == ["r1", "r2"]


def test_an_alert_ends_where_its_release_is_kept_no_more() -> None:
    story = published()(HOUR, DocsViewed, feature="export")
    for number in range(64):
        story(DAY + number, ReleasePublished, release_id=f"n{number}", feature="other")
    story(2 * DAY, DocsViewed, feature="search")
    alerts = [alert for alert in story.world(until=3 * DAY).of(RULE) if alert.subject.id == "r1"]
    assert [(alert.transition, alert.resolution) for alert in alerts] == [("opened", None), ("resolved", "superseded")]


def test_a_feature_that_is_forgotten_leaves_the_alert_as_it_is() -> None:
    """It is neither found nor told: nobody knows better."""
    story = published()(HOUR, DocsViewed, feature="export")
    for number in range(64):
        story(DAY + number, DocsViewed, feature=f"f{number}")
    assert [alert.transition for alert in story.world(until=30 * DAY).of(RULE)] == ["opened"]


def test_it_keeps_what_began_what_was_told_and_what_is_about_a_feature() -> None:
    assert [type(kept).__name__ for kept in operator().measures] == ["Log", "Track", "Log"]
    assert operator().kind == "release"
