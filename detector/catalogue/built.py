"""What a row becomes: its operator, and what else the rule and the checks need to know of it."""

from typing import NamedTuple

from detector.catalogue.entries import Needs
from detector.domain.measures import Track
from detector.domain.plan import DAY_KEEP
from detector.domain.verdict import Operator


class Built(NamedTuple):
    """An operator as a row made it.

    `explains` and `over` are the names that the two sentences may use beside `subject`; `starts` and `satisfies` arm
    the rule (R2.7); `keep_ms` counts where the row does not say it, `proves` and `hold_ms` as in `plan.Rule`;
    `began` is what the subject began with.
    """

    operator: Operator
    explains: frozenset[str]
    over: frozenset[str]
    starts: Needs = ()
    satisfies: Needs = ()
    keep_ms: int = DAY_KEEP
    proves: bool = False
    hold_ms: int = 0
    began: Track | None = None
