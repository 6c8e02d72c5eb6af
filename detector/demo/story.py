"""What a story of the demo promises: the account, what happens there, and what the detector should say of it."""

from dataclasses import dataclass
from typing import Final, Literal

SEVERITIES: Final = ("info", "watch", "warn", "high", "critical")
"""From the least to the greatest."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One rule that should open in an account, with the highest severity it reaches (renewal raises included).

    `opens` are the first and last day, counted from the end of the history (-1 is its last day), on which the first
    opening may be detected: weekends move what people do. `ends` says what has become of it when the history ends.
    """

    rule_id: str
    severity: str
    opens: tuple[int, int]
    ends: Literal["open", "recovered", "superseded"] = "open"


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one account, in a paragraph, and what is expected of the detector: nothing if it is quiet."""

    account_id: str
    title: str
    what_happens: str
    expected: tuple[Expected, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether no risk alert may open: a near miss, or all is well."""
        return not self.expected

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The rules that should open."""
        return tuple(expected.rule_id for expected in self.expected)
