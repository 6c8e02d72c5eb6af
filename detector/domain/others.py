"""What others say: conditions over the signals of other rules, over families, the index and the confidence.

They are judged after what they name (rules.md 11). A signal counts while its alert is open, at the level of its ladder:
not the published severity, which the nearness of a renewal raises (R2.8) and the index leaves out too.
"""

from collections.abc import Callable, Collection
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import Held
from detector.domain.events import Event
from detector.domain.measures import Kept
from detector.domain.state import Episode
from detector.domain.verdict import SEVERITIES, Evidence, Moment

TENTHS: Final = 10
HUNDREDTHS: Final = 100


class OfOthers(msgspec.Struct, frozen=True):
    """What is common to conditions over what is said already."""

    @property
    def kept(self) -> Collection[Kept]:
        """Nothing of its own."""
        return ()

    @property
    def classes(self) -> Collection[type[Event]]:
        """No event of its own: it is asked when what it names has moved."""
        return ()


@final
class SignalIs(OfOthers, frozen=True):
    """Another rule has an open signal at a level or a higher one, of any subject."""

    rule: str
    level: int

    @property
    def names(self) -> frozenset[str]:
        """The rule."""
        return frozenset({self.rule})

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the first of those that are open at such a level began."""
        del moment, subject
        return _told(account, lambda episode: episode.rule == self.rule, self.level, self.rule)


@final
class FamilyIs(OfOthers, frozen=True):
    """Any of a family's `rules` has an open signal at a level or a higher one."""

    family: str
    rules: frozenset[str]
    level: int

    @property
    def names(self) -> frozenset[str]:
        """The family."""
        return frozenset({f"family:{self.family}"})

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the first of those that are open at such a level began."""
        del moment, subject
        return _told(account, lambda episode: episode.rule in self.rules, self.level, self.family)


@final
class IndexIs(OfOthers, frozen=True):
    """The value index is within bounds, at the end of each UTC day and now, for so many days."""

    at_least: float | None = None
    below: float | None = None
    days: int = 0

    @property
    def names(self) -> frozenset[str]:
        """The index."""
        return frozenset({"index"})

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Since the end of the day on which it came within them: how it went on that day is not kept."""
        del subject
        standing = account.record.standing
        text = "there is no index" if standing.value < 0 else f"the index is {standing.value / TENTHS:g}"
        if not self._admits(standing.value):
            return Held(holds=False, text=text)
        since = -1
        for day, value in reversed(standing.days):
            if not self._admits(value):
                break
            since = (day + 1) * DAY_MS
        due = since + self.days * DAY_MS
        holds = not self.days or due <= moment.settled
        bound = self.at_least if self.below is None else self.below
        return Held(
            holds=holds,
            since=due if self.days else -1,
            due=None if holds else due,
            text=text,
            evidence=(Evidence("value_index", standing.value / TENTHS, bound, "points"),),
        )

    def _admits(self, tenths: int) -> bool:
        return (
            tenths >= 0
            and (self.at_least is None or tenths >= self.at_least * TENTHS)
            and (self.below is None or tenths < self.below * TENTHS)
        )


@final
class ConfidenceIs(OfOthers, frozen=True):
    """The confidence, in whole hundredths, is under a bound."""

    below: float

    @property
    def names(self) -> frozenset[str]:
        """The confidence."""
        return frozenset({"confidence"})

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """As it is now."""
        del moment, subject
        confidence = account.record.standing.confidence / HUNDREDTHS
        return Held(
            holds=confidence < self.below,
            text=f"the confidence is {confidence:g}",
            evidence=(Evidence("confidence", confidence, self.below, "share"),),
        )


def _told(account: Account, asked: Callable[[Episode], bool], level: int, name: str) -> Held:
    found = [one for one in account.record.episodes if one.status == "open" and one.level >= level and asked(one)]
    worst = SEVERITIES[max((one.level for one in found), default=0)]
    return Held(
        holds=bool(found),
        since=min((one.since for one in found), default=-1),
        text=f"{name} at {worst}",
        evidence=(Evidence(name, worst, SEVERITIES[level], "severity"),),
    )
