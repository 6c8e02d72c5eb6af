"""What a partition did since it was last asked, as plain counts; whoever measures makes metrics of it."""

from collections import Counter
from typing import Literal, final

import msgspec

Evicted = Literal["stakeholder", "goal", "goal_point", "goal_ack", "log", "subject", "body", "mute", "watched"]
"""What an account may have no room for."""

HeldBack = Literal["snoozed", "muted", "not_cleared", "won_back", "holiday"]
"""Why something is not published."""


@final
class Tally(msgspec.Struct):
    """Counts by topic, reason, rule and transition; `decided` are record times (epoch ms) of what decided alerts.

    `suppressed` are judgements that would have been published but for this; `forgotten_ms` is the least age of an event
    id that had to be forgotten for want of room, None where none had to.
    """

    consumed: Counter[str]
    applied: Counter[str]
    late: Counter[str]
    rejected: Counter[tuple[str, str]]
    transitions: Counter[tuple[str, str, str]]
    opened: Counter[str]
    evicted: Counter[str]
    duplicates: int = 0
    inversions: int = 0
    new_accounts: int = 0
    unknown_feedback: int = 0
    forgotten_ms: int | None = None
    suppressed: Counter[str] = msgspec.field(default_factory=Counter)
    quarantined: int = 0
    decided: list[int] = []


def new_tally() -> Tally:
    """All zero."""
    return Tally(Counter(), Counter(), Counter(), Counter(), Counter(), Counter(), Counter(), decided=[])
