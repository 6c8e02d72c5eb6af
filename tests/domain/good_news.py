"""Good news: for each account of a world everything that a rule can wait for, and months of an account that is well."""

from collections.abc import Iterator
from typing import Any

from detector.domain.events import EVENT_TYPES, SchedulePoint
from detector.domain.state import split_path
from tests.domain.streams import IDS
from tests.domain.world import DAY, Row, World

DAYS = 130
ROLES = ("sponsor", "executive", "champion", "admin", "end_user", "buyer", "influencer", "detractor")
STAGES = ("onboarding", "adoption", "value", "renewal")
TALK: dict[str, Any] = {"direction": "inbound", "kind": "call", "outcome": "held", "sentiment": 0.5}
HIGH_SCORE: dict[str, Any] = {"survey_type": "csat", "score": 10, "scale_min": 0, "scale_max": 10}
MUCH: dict[str, Any] = {"count": 2**41}
Told = tuple[str, dict[str, Any]]


def good_news(world: World, at: int) -> list[Row]:
    """In the order of time, the first of it at `at`."""
    found: list[Row] = []
    for account in sorted(split_path(key[2:].decode())[1] for key in world.store if key.startswith(b"h/")):
        said = [(at, told) for told in _endings(list(world.record(account).goals))]
        for day in range(DAYS):
            now = at + day * DAY
            said.append((now, ("usage.recorded", MUCH)))
            if day % 5 == 0:
                said += [(now, told) for told in (*_use(), *_care(now))]
        for number, (now, (name, fields)) in enumerate(said):
            given = {"event_id": f"good-{account}-{number}", "account_id": account, "occurred_at": now, **fields}
            found.append((now, "crm", EVENT_TYPES[name](**given)))
    return sorted(found, key=lambda row: row[0])


def person(role: str) -> dict[str, str]:
    """Somebody new in a role: nobody of the stream."""
    return {"stakeholder_id": f"new {role}", "role": role}


def _endings(goals: list[str]) -> Iterator[Told]:
    """What ends or completes every subject that a stream may have begun."""
    for role in ROLES:
        yield "stakeholder.updated", person(role)
    for goal in goals:
        yield "goal.closed", {"goal_id": goal, "closed_as": "achieved"}
    for name in IDS:
        yield "ticket.replied", {"ticket_id": name, "author": "agent"}
        yield "ticket.resolved", {"ticket_id": name}
        yield "incident.notified", {"incident_id": name, "phase": "summary"}
        yield "incident.resolved", {"incident_id": name}
        yield "milestone.done", {"milestone_id": name}
        yield "action.opened", {"action_id": f"of {name}", "review_id": name}
        yield "action.done", {"action_id": name}
        yield "action.done", {"action_id": f"of {name}"}
        yield "invoice.paid", {"invoice_id": name}
        yield "release.told", {"release_id": name, "feature": name}
        yield "integration.added", {"integration": name}
        yield "package.changed", {"package": name, "enabled": True}
        yield "training.completed", {"course": "basics", "stakeholder_id": name}
    yield "training.completed", {"course": "basics", **person("admin")}
    for side in ("vendor", "customer"):
        yield "plan.staffed", {"side": side}
    yield "onboarding.kickoff_held", {}
    yield "onboarding.completed", {}
    yield "owner.assigned", {"owner_id": "owner"}
    yield "owner.introduced", {"owner_id": "owner"}
    for stage in STAGES:
        yield "expectation.sent", {"stage": stage}
    yield "seats.changed", {"purchased": 8}


def _use() -> Iterator[Told]:
    """More use than any drop is measured against, by everybody, of everything."""
    for number, who in enumerate((*IDS, *(f"new {role}" for role in ROLES))):
        yield "usage.recorded", {**MUCH, "stakeholder_id": who, "feature": IDS[number % len(IDS)]}
    for meter in IDS:
        yield "usage.metered", {"meter": meter, "quantity": 2.0**50}


def _care(now: int) -> Iterator[Told]:
    """What a vendor does who looks after the account, and how the customer answers."""
    far = SchedulePoint(at=now + 400 * DAY, expected=0.5)
    for number, role in enumerate(ROLES):
        yield "goal.set", {"goal_id": f"new {role}", **_PLAN, **person(role), "schedule": (far,)}
        yield "goal.measured", {"goal_id": f"new {role}", "value": 1.0 + now / 1e13, "evidence": "customer_confirmed"}
        yield "touch.logged", {**TALK, **person(role)}
        yield "value.delivered", person(role)
        yield "survey.responded", {**HIGH_SCORE, **person(role)}
        yield "touch.logged", {"direction": "outbound", "kind": ("call", "email")[number % 2], "outcome": "held"}
    yield "goal.reviewed", {}
    yield "touch.planned", {"due_at": now + 20 * DAY}
    yield "pulse.recorded", {"rating": 60.0}
    yield "assessment.recorded", {"verdict": "healthy"}
    yield "release.published", {"release_id": "new"}
    yield "release.told", {"release_id": "new"}


_PLAN: dict[str, Any] = {"kind": "revenue", "baseline": 0.0, "target": 100.0, "direction": "up"}
