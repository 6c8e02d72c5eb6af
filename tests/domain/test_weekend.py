"""2 bd over a weekend: the same local time two business days later, from Monday on where it began on the weekend."""

from datetime import date

import pytest

from detector.domain.events import AccountUpdated, MilestoneSet, OwnerAssigned
from tests.domain.world import DAY, HOUR, T0, Story, only

FRIDAY, SATURDAY = 4 * DAY, 5 * DAY
MONDAY_OFF = (date(2026, 1, 12),)


@pytest.mark.parametrize(
    ("began", "holidays", "zone", "due"),
    [
        (FRIDAY + 10 * HOUR, (), "UTC", "2026-01-13T10:00"),  # Friday morning to Tuesday morning
        (SATURDAY + 10 * HOUR, (), "UTC", "2026-01-14T00:00"),  # from Monday 00:00 on
        (FRIDAY + 10 * HOUR, MONDAY_OFF, "UTC", "2026-01-14T10:00"),
        (FRIDAY + 23 * HOUR, (), "America/New_York", "2026-01-13T23:00"),  # Friday evening there
        (FRIDAY + 23 * HOUR, (), "Asia/Tokyo", "2026-01-13T15:00"),  # Saturday there: Wednesday 00:00 in Tokyo
    ],
)
def test_owner_and_milestone_are_missed_two_business_days_later(
    began: int, holidays: tuple[date, ...], zone: str, due: str
) -> None:
    story = Story()(0, AccountUpdated, segment="smb", time_zone=zone, holidays=holidays)
    story(0, OwnerAssigned, owner_id="o")(began, OwnerAssigned, owner_id=None)
    story(0, MilestoneSet, milestone_id="m", visibility="shared", due_at=T0 + began)
    world = story.world(until=20 * DAY, plan=only("owner.missing", "milestone.overdue"))
    opened = {alert.rule_id: alert.detected_at[:16] for alert in world.alerts if alert.transition == "opened"}
    assert opened == {"owner.missing": due, "milestone.overdue": due}
