"""Tenure: how long an account has been a customer, as a condition."""

from collections.abc import Collection
from typing import Final, final

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.conditions import Held, OfFacts
from detector.domain.events import Event
from detector.domain.verdict import Moment

MONTH_MS: Final = 30 * DAY_MS


@final
class Tenure(OfFacts, frozen=True):
    """So many months of 30 days have passed since the contract began, `below` excluded; without one since the start."""

    at_least: float | None = None
    below: float | None = None

    @property
    def classes(self) -> Collection[type[Event]]:
        """What says when it began; it wakes every rule anyway."""
        return (e.AccountUpdated, e.OnboardingStarted)

    def held(self, account: Account, moment: Moment, subject: str | None) -> Held:
        """Until the next of its bounds is reached."""
        del subject
        began = account.contract_began()
        began = account.start(moment.first_event) if began is None else began
        months = (moment.now - began) / MONTH_MS
        holds = (self.at_least is None or months >= self.at_least) and (self.below is None or months < self.below)
        lines = (began + round(line * MONTH_MS) for line in (self.at_least, self.below) if line is not None)
        due = min((line for line in lines if line > moment.now), default=None)
        return Held(holds=holds, due=due, text=f"it has been a customer for {months:.1f} months")
