"""What is not for the customer's eyes (rules.md R2.9)."""

import msgspec

from detector.domain.allowance import Allowance
from detector.domain.calendar import Duration
from detector.domain.events import MilestoneDone, MilestoneMissed, MilestoneSet
from detector.domain.facts import MAX_MILESTONES
from detector.domain.matchers import Matcher
from detector.domain.measures import Track
from detector.domain.operators.obligation import Obligation
from detector.domain.plan import Entry, Plan
from detector.domain.sources import OfSubject
from detector.domain.verdict import HIGH, WARN
from tests.domain.life import Life
from tests.domain.world import DAY, HOUR, PLAN, T0, Story


def _plan() -> Plan:
    """The pack with a rule about milestones in the place of one about incidents."""
    old = next(rule for rule in PLAN.rules if rule.id == "incident.untold")
    missed, done = (
        Track("milestone", "milestone_id", name, Matcher(name, {cls: ((),)}))
        for name, cls in (("milestone.missed", MilestoneMissed), ("milestone.done", MilestoneDone))
    )
    steps = ((WARN, Allowance(Duration(1, "h"))),)
    operator = Obligation("milestone.done", "milestone", "milestone_id", OfSubject(missed), OfSubject(done), steps)
    rule = msgspec.structs.replace(old, operator=operator)
    woken = ((rule, "milestone_id"),)
    entries = {
        MilestoneMissed: Entry((missed,), woken),
        MilestoneDone: Entry((done,), woken),
        MilestoneSet: Entry((), woken),
    }
    return msgspec.structs.replace(
        PLAN, rules=tuple(rule if one.id == rule.id else one for one in PLAN.rules), entries=entries
    )


def told(story: Story) -> list[tuple[str, str]]:
    world = story.world(until=3 * DAY, plan=_plan())
    return [(alert.transition, alert.visibility) for alert in world.of("incident.untold")]


def missed(*visibilities: str) -> Story:
    story = Story()
    for hours, visibility in enumerate(visibilities):
        story(hours * HOUR, MilestoneSet, milestone_id="m", due_at=T0 + DAY, visibility=visibility)
    return story(DAY, MilestoneMissed, milestone_id="m")


def test_an_alert_about_a_private_milestone_is_internal() -> None:
    assert told(missed("private")(2 * DAY, MilestoneDone, milestone_id="m")) == [
        ("opened", "internal"),
        ("resolved", "internal"),
    ]
    assert told(missed("shared")) == [("opened", "shared")]
    assert told(missed()) == [("opened", "shared")]  # nobody said that it is private


def test_what_was_said_last_of_a_milestone_holds() -> None:
    assert told(missed("private", "shared")) == [("opened", "shared")]
    assert told(missed("shared", "private")) == [("opened", "internal")]


def test_what_becomes_private_while_it_is_open_is_told_so_and_stays_so() -> None:
    story = missed("shared")
    story(2 * DAY, MilestoneSet, milestone_id="m", due_at=T0 + DAY, visibility="private")
    story(2 * DAY + HOUR, MilestoneSet, milestone_id="m", due_at=T0 + DAY, visibility="shared")
    story(2 * DAY + 2 * HOUR, MilestoneDone, milestone_id="m")
    transitions = told(story)
    assert transitions[0] == ("opened", "shared")
    assert {visibility for _, visibility in transitions[1:]} == {"internal"}
    assert transitions[1][0] == "revised"


def test_a_verdict_may_say_so_itself() -> None:
    """Where a private milestone takes part in what is about something else."""
    life = Life()
    life.at(0, WARN, private=True)
    assert life.episode is not None
    assert life.episode.private
    life.at(HOUR, HIGH)
    assert life.episode.private


def test_of_too_many_milestones_the_first_is_forgotten_and_counted() -> None:
    story = Story()
    for number in range(MAX_MILESTONES + 1):
        story(number, MilestoneSet, milestone_id=f"m{number}", due_at=T0, visibility="private")
    record = story.world().record()
    assert len(record.private) == MAX_MILESTONES
    assert min(at for _, at in record.private.values()) == T0 + 1
    assert record.evicted == {"subject": 2}  # as a milestone that is awaited, and as a private one
