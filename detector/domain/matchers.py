"""Matchers: named sets of events, the only place where a rule names an event's fields (R2.1)."""

from typing import Any, final

import msgspec

from detector.domain.account import Account
from detector.domain.events import Event


@final
class Test(msgspec.Struct, frozen=True, gc=False):
    """A bound on one field of an event: one of `allowed`, or a number within the bounds, or missing.

    `at_least` and `at_most` include their value, `above` and `below` do not. A missing field passes only `missing`.
    """

    field: str
    allowed: frozenset[Any] | None = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    missing: bool | None = None
    contains: frozenset[str] | None = None

    def holds(self, value: Any) -> bool:
        """Whether a field's value is within the bounds."""
        if self.missing is not None:
            return (value is None) == self.missing
        if value is None:
            return False
        if self.allowed is not None:
            return value in self.allowed
        if self.contains is not None:
            return not self.contains.isdisjoint(value)
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


@final
class Matcher(msgspec.Struct, frozen=True):
    """A set of events: for each event class alternatives of which one must hold, each a list of tests that all hold.

    `role` in a test is the stakeholder's known role, else the one the event carries; `score_share` is worked out of a
    survey.
    """

    name: str
    alternatives: dict[type[Event], tuple[tuple[Test, ...], ...]]

    def matches(self, event: Event, account: Account) -> bool:
        """Whether the event is in the set."""
        for tests in self.alternatives.get(event.__class__, ()):  # plain loops: this is asked of every event, often
            for test in tests:
                if not test.holds(field_of(event, test.field, account)):
                    break
            else:
                return True
        return False


def field_of(event: Event, name: str, account: Account) -> Any:
    """A field of an event as matchers and logs see it: `role` as known, `score_share` worked out (rules.md 1)."""
    if name == "role":
        return account.role_of(event.stakeholder_id, event.role)
    if name == "score_share":
        span = event.scale_max - event.scale_min  # type: ignore[attr-defined]
        return (event.score - event.scale_min) / span if span > 0 else None  # type: ignore[attr-defined]
    return getattr(event, name, None)
