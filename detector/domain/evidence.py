"""What is known of an account beside what is wrong: when each family last had an event, what was proved, who spoke.

The confidence is made of it (rules.md 11). Kept for every account, whatever the pack; all times are event times.
"""

from collections.abc import Collection
from typing import Final

from detector.domain import events as e
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import EVENT_TYPES, Event
from detector.domain.matchers import Matcher, Test
from detector.domain.measures import Log, widen

FAMILIES: Final = ("outcomes", "adoption", "support", "relationship", "onboarding", "commercial")
_KINDS: Final = {
    "outcomes": ("goal", "value"),
    "adoption": ("usage", "docs", "data", "integration", "training", "release"),
    "support": ("ticket", "survey", "incident"),
    "relationship": ("stakeholder", "pulse", "assessment", "touch", "question", "review", "action", "content"),
    "onboarding": ("onboarding", "plan", "milestone", "expectation"),
    "commercial": ("deal", "seats", "package", "invoice", "payment", "downgrade", "discount", "competitor", "pricing"),
}
_FAMILY_OF_KIND: Final = {kind: family for family, kinds in _KINDS.items() for kind in kinds}
_NO_DATA: Final = frozenset(
    {
        "stakeholder.erased", "stakeholder.left", "integration.removed", "ticket.escalated", "ticket.sla_breached",
        "ticket.reopened", "incident.opened", "onboarding.reopened", "onboarding.blocked", "milestone.missed",
        "payment.failed", "downgrade.requested", "discount.requested", "competitor.mentioned",
    }
)  # fmt: skip
"""What is nothing but a sign of risk: were it data, a family that was not known yet could raise the index with it."""
FAMILY_OF: Final[dict[type[Event], str]] = {
    cls: "commercial" if name == "usage.metered" else _FAMILY_OF_KIND[name.partition(".")[0]]
    for name, cls in EVENT_TYPES.items()
    if name.partition(".")[0] in _FAMILY_OF_KIND and name not in _NO_DATA
}
"""The family that an event is data of. What is told of the account itself (its profile, owner, stage) is of none."""

GRADES: Final = {"customer_confirmed": 1.0, "measured": 0.8, "vendor_asserted": 0.3}
"""What an outcome is worth as evidence; an acknowledgement by the customer is as good as their word."""
FRESH_MS: Final = 30 * DAY_MS
KNOWN_MS: Final = 90 * DAY_MS
HALVES_MS: Final = 60 * DAY_MS
MOST_HALVES: Final = 6
VOICES: Final = (frozenset({"executive", "sponsor"}), frozenset({"champion"}), frozenset({"end_user"}))
"""The roles that should be heard; of the first two either will do."""

_HELD: Final = (Test("outcome", frozenset({"held", "replied"})),)
HEARD: Final = Log(
    "_heard",
    Matcher(
        "_heard",
        {
            e.TouchLogged: ((Test("direction", frozenset({"inbound"})),), _HELD),
            e.TicketCreated: ((),),
            e.TicketReplied: ((Test("author", frozenset({"customer"})),),),
            e.SurveyResponded: ((),),
        },
    ),
    ("stakeholder_id", "role"),
    keep=64,
    latest_per=("stakeholder_id",),
)


def take(event: Event, event_hash: bytes, account: Account) -> None:
    """Note what an event, which is no duplicate, adds to what is known."""
    marks, at = account.record.marks, event.occurred_at
    family = FAMILY_OF.get(event.__class__)
    if family is not None:
        widen(marks, _family(family), at)
    if isinstance(event, e.GoalMeasured):
        widen(marks, _outcome(event.evidence), at)
    elif isinstance(event, e.GoalAcknowledged):
        widen(marks, _outcome("customer_confirmed"), at)
    if event.stakeholder_id is not None:
        HEARD.fold(event, event_hash, account)
    elif event.role is not None and HEARD.matcher.matches(event, account):
        widen(marks, _voice(event.role), at)


def last_event(account: Account, family: str) -> int | None:
    """When a family last had an event; None when never. Usage is in the hot block."""
    last = account.latest(_family(family))
    used = hot.last_usage(account.hot) if family == "adoption" else None
    return max((at for at in (last, used) if at is not None), default=None)


def last_verified(account: Account) -> int | None:
    """When an outcome was last measured, confirmed or acknowledged; None when never (rules.md 1)."""
    found = (account.latest(_outcome(grade)) for grade in ("customer_confirmed", "measured"))
    return max((at for at in found if at is not None), default=None)


def proof(account: Account, at: int) -> tuple[float, int | None]:
    """How well outcomes are proved at an instant, 0 to 1, and when that changes though nothing comes.

    The best of the grades, each of its latest outcome: whole for 90 d, then a half, and half of that every 60 d, until
    it is under a 64th. By steps, so that what is shown of it stays true until the next one.
    """
    best, due = 0.0, None
    for grade, worth in GRADES.items():
        last = account.latest(_outcome(grade))
        if last is None:
            continue
        halved = max(0, (at - last - KNOWN_MS) // HALVES_MS + 1)
        if halved <= MOST_HALVES:
            changes = last + KNOWN_MS + halved * HALVES_MS
            due = changes if due is None else min(due, changes)
            best = max(best, worth * 0.5**halved)
    return best, due


def heard(account: Account, roles: Collection[str]) -> int | None:
    """When somebody in one of the roles, as known now, was last heard; None when never."""
    marks = [account.latest(_voice(role)) for role in roles]
    last = max((at for at in marks if at is not None), default=None)
    for entry in reversed(account.record.logs.get(HEARD.name, ())):
        if account.role_of(entry[2], entry[3]) in roles:
            return int(entry[0]) if last is None else max(last, int(entry[0]))
    return last


def _family(name: str) -> str:
    return f"_family_{name}"


def _outcome(grade: str) -> str:
    return f"_outcome_{grade}"


def _voice(role: str) -> str:
    return f"_heard_{role}"
