"""A release that they know of and do not use: what it is about, when its use is seen, and what nobody knows."""

from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.events import AccountUpdated, ReleasePublished, ReleaseTold, UsageRecorded
from detector.domain.features import feature_first_used_since, feature_hash
from tests.domain.world import DAY, HOUR, T0, Story

RULE = "release.unused"
EXPORT = feature_hash("export")


def told(feature: str | None = "export") -> Story:
    return Story()(-60 * DAY, AccountUpdated, segment="smb")(0, ReleaseTold, release_id="r1", feature=feature)


def said(story: Story, until: int = 60 * DAY) -> list[tuple[str, str | None]]:
    return [(alert.transition, alert.resolution) for alert in story.world(until=until).of(RULE)]


@given(
    uses=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 23)), max_size=12),
    day=st.integers(0, 60),
    hour=st.integers(0, 23),
)
def test_the_first_use_since_is_known_to_the_day(uses: list[tuple[int, int]], day: int, hour: int) -> None:
    block, base, since = hot.new(), T0 // DAY, T0 + day * DAY + hour * HOUR
    times = [T0 + when * DAY + at * HOUR for when, at in uses]
    for at in times:
        hot.add_usage(block, at // DAY, 1, None, at, hot.RECORDED, EXPORT)
    found = feature_first_used_since(block, EXPORT, since)
    later = sorted(at for at in times if at >= since)
    assert (found is None) == (not later)
    if found is not None:
        after = [at for at in later if at // DAY > base + day]
        assert found // DAY == (after or later)[0] // DAY
        assert since <= found <= later[-1]


def test_the_first_use_counts_and_not_the_latest() -> None:
    """R2.11: what shows that the limit was kept ends the alert as superseded, whatever came afterwards."""
    story = told()(20 * DAY, UsageRecorded, late=11 * DAY, feature="export")
    story(32 * DAY - HOUR, UsageRecorded, feature="export")
    assert said(story) == [("opened", None), ("resolved", "superseded")]


def test_what_a_release_is_about_may_be_told_late() -> None:
    story = told(None)(40 * DAY, ReleasePublished, release_id="r1", feature="export")
    assert said(story) == [("opened", None)]
    assert said(told(None)) == []


def test_use_on_the_day_of_the_telling_counts_from_that_hour_on() -> None:
    story = Story()(-60 * DAY, AccountUpdated, segment="smb")(9 * HOUR, ReleaseTold, release_id="r1", feature="export")
    assert said(story(8 * HOUR, UsageRecorded, feature="export")) == [("opened", None)]
    assert said(story(10 * HOUR, UsageRecorded, feature="export")) == []


def test_where_use_may_have_been_forgotten_nothing_is_said() -> None:
    """Only 64 features are kept: that one of so many was not used, nobody knows."""
    story = told()(DAY, UsageRecorded, feature="export")
    for number in range(70):
        story(2 * DAY + number, UsageRecorded, feature=f"f{number}")
    assert said(story) == []


def test_use_of_an_open_alert_is_looked_for_at_each_midnight() -> None:
    world = told().world(until=45 * DAY + HOUR)
    assert [alert.transition for alert in world.of(RULE)] == ["opened"]
    assert world.record().wake[RULE] == T0 + 46 * DAY
