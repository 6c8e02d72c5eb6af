"""Rules are judged by strata (rules.md 11): whatever names another is judged after it, in the same step."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from detector.domain.account import Account
from detector.domain.alerts import iso
from detector.domain.calendar import MONDAY_TO_FRIDAY, Duration, Week
from detector.domain.events import AccountUpdated, Event, IncidentNotified, IncidentOpened, OwnerIntroduced
from detector.domain.plan import Action, Plan, Rule
from detector.domain.schedule import minute_of
from detector.domain.state import Episode
from detector.domain.verdict import WARN, EventDriven, Moment, Verdict
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story


class While(EventDriven, frozen=True):
    """ON while a named rule, or any of a family, has an open alert; `asked` notes when it was judged."""

    name: str
    by_day: bool = False
    events: tuple[type[Event], ...] = ()
    asked: list[int] = msgspec.field(default_factory=list)
    kind: str | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name})

    @property
    def daily(self) -> bool:
        return self.by_day

    def quiet(self, block: bytes | bytearray, now: int, week: Week = MONDAY_TO_FRIDAY) -> bool:
        del block, now, week
        return not self.by_day

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        return [(cls, None) for cls in self.events]

    @property
    def measures(self) -> Iterable[Any]:
        return ()

    def subjects(self, account: Account, moment: Moment) -> Iterable[str | None]:
        del account, moment
        return (None,)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        del subject, episode
        self.asked.append(moment.now)
        wanted = self.name.removeprefix("family:")
        rules = {rule.id for rule in PLAN.rules if rule.family == wanted} | {self.name}
        on = any(other.rule in rules and other.status == "open" for other in account.record.episodes)
        return Verdict(level=WARN if on else 0, off=not on)


def rule(rule_id: str, operator: While, stratum: int = 2) -> Rule:
    return Rule(
        id=rule_id, index=0, version=1, family="outcomes", operator=operator, title="t", explain="e", over="o", why="w",
        action=Action("play", "summary", "csm", Duration(1, "bd")), keep_ms=0, stratum=stratum,
    )  # fmt: skip


def plan_with(*more: Rule) -> Plan:
    """The built-in plan and more rules, all armed, in the order of their ids."""
    rules = sorted((*PLAN.rules, *more), key=lambda one: one.id)
    placed = {one.id: msgspec.structs.replace(one, index=at) for at, one in enumerate(rules)}
    entries = dict(PLAN.entries)
    for one in more:
        for cls, field in one.operator.wakes:
            old = entries[cls]
            entries[cls] = msgspec.structs.replace(old, wakes=(*old.wakes, (one, field)))
    entries = {
        cls: msgspec.structs.replace(entry, wakes=tuple((placed[one.id], field) for one, field in entry.wakes))
        for cls, entry in entries.items()
    }
    default = msgspec.structs.replace(PLAN.default, armed=frozenset(range(len(rules))))
    return msgspec.structs.replace(PLAN, rules=tuple(placed.values()), entries=entries, default=default)


def incident() -> Story:
    """An incident of which the customer is told 40 minutes after it opened: ten minutes too late."""
    story = Story()
    story(9 * HOUR, IncidentOpened, incident_id="i1", severity="major")
    return story(9 * HOUR + 40 * MINUTE, IncidentNotified, incident_id="i1", phase="first")


def test_a_rule_of_a_later_stratum_is_judged_in_the_step_in_which_what_it_names_moves() -> None:
    plan = plan_with(rule("aa.later", While("incident.untold")))
    said = [(a.detected_at[11:16], a.rule_id, a.transition) for a in incident().world(DAY, plan=plan).alerts[:4]]
    assert said == [
        ("09:30", "aa.later", "opened"), ("09:30", "incident.untold", "opened"),
        ("09:40", "aa.later", "resolved"), ("09:40", "incident.untold", "resolved"),
    ]  # fmt: skip


def test_a_rule_that_names_a_later_one_comes_after_it() -> None:
    third = rule("aa.last", While("zz.later"), stratum=3)
    plan = plan_with(third, rule("zz.later", While("family:support")))
    said = [(a.detected_at[11:16], a.rule_id) for a in incident().world(DAY, plan=plan).alerts[:3]]
    assert said == [("09:30", "aa.last"), ("09:30", "incident.untold"), ("09:30", "zz.later")]


def test_a_later_rule_is_not_judged_while_nothing_that_it_names_moves() -> None:
    asked: list[int] = []
    plan = plan_with(rule("aa.later", While("contact.dark", asked=asked, events=(IncidentNotified,))))
    story = incident()(20 * HOUR, OwnerIntroduced, owner_id="o")
    world = story.world(21 * HOUR, plan=plan)
    assert [at for at in asked if at >= T0] == [T0 + 9 * HOUR + 40 * MINUTE]  # for the event alone
    assert world.of("aa.later") == []


def test_a_daily_rule_of_a_later_stratum_waits_for_the_daily_minute() -> None:
    """R2.6: what moves in between is seen at the account's own minute."""
    asked: list[int] = []
    plan = plan_with(rule("aa.later", While("incident.untold", by_day=True, asked=asked)))
    story = Story()(0, AccountUpdated, working_days=("mon",))  # judged in full each day
    story(9 * HOUR, IncidentOpened, incident_id="i1", severity="major")
    world = story.world(2 * DAY, plan=plan)
    daily = T0 + minute_of("default/acme") * MINUTE
    assert asked == [daily, daily + DAY]
    assert [alert.detected_at for alert in world.of("aa.later")] == [iso(daily)]
