"""What would be a drop if holidays counted is none, and the snapshot lists it with why (R2.10)."""

from datetime import date

import pytest

from detector.domain.events import AccountUpdated, UsageMetered, UsageRecorded
from tests.domain.world import DAY, HOUR, Story, World, only

NAMES = ("export", "import", "search", "report", "budget", "alerts")


def shut(days: range) -> Story:
    first = date(2026, 1, 5).toordinal()
    return Story()(0, AccountUpdated, holidays=tuple(date.fromordinal(first + day) for day in days))


def use(story: Story, days: range) -> Story:
    for day in days:
        for number, name in enumerate(NAMES):
            story(day * DAY + number * HOUR, UsageRecorded, feature=name, count=4)
    return story


def meter(story: Story, days: range) -> Story:
    for day in days:
        story(day * DAY + HOUR, UsageMetered, meter="api", quantity=10.0)
    return story


def explained(world: World, rule_id: str) -> list[tuple[str, str]]:
    """(because, since) of every note on the rule, each once."""
    notes = [note for snapshot in world.health for note in snapshot.silences if note.rule_id == rule_id]
    return sorted({(note.because, note.since[:10]) for note in notes})


@pytest.mark.parametrize(
    ("rule_id", "holidays", "since"),
    [("usage.slide", range(42, 44), "2026-02-16"), ("usage.narrowing", range(56, 84), "2026-03-02")],
)
def test_use_that_rests_for_holidays(rule_id: str, holidays: range, since: str) -> None:
    story = use(use(shut(holidays), range(holidays.start)), range(holidays.stop, 130))
    world = story.world(until=130 * DAY, plan=only(rule_id))
    assert world.alerts == []
    assert explained(world, rule_id)[0] == ("holiday", since)
    assert world.health[-1].silences == ()


def test_meters_that_rest_for_holidays() -> None:
    story = meter(meter(shut(range(60, 67)), range(60)), range(67, 130))
    world = story.world(until=130 * DAY, plan=only("spend.drop"))
    assert world.alerts == []
    assert {because for because, _ in explained(world, "spend.drop")} == {"holiday"}
    assert world.health[-1].silences == ()


@pytest.mark.parametrize("rule_id", ["usage.slide", "usage.narrowing", "spend.drop"])
def test_holidays_without_a_drop_explain_nothing(rule_id: str) -> None:
    world = meter(use(shut(range(80, 81)), range(130)), range(130)).world(until=130 * DAY, plan=only(rule_id))
    assert (world.alerts, explained(world, rule_id)) == ([], [])


@pytest.mark.parametrize("week", [("mon", "tue", "wed", "thu", "fri"), ("sun", "mon", "tue", "wed", "thu")])
def test_a_note_goes_when_the_holidays_are_taken_back(week: tuple[str, ...]) -> None:
    story = shut(range(56, 63))(0, AccountUpdated, working_days=week)
    story = use(use(story, range(56)), range(63, 100))
    story(64 * DAY, AccountUpdated, holidays=())
    world = story.world(until=100 * DAY, plan=only("usage.slide"))
    assert explained(world, "usage.slide")
    assert world.health[-1].silences == ()
