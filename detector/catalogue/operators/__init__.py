"""What a row of each operator may say, and how it becomes the operator: a file each, with the same two names.

`…Row` is the model of the row; `build` makes the operator of it. What does not go together is refused by `build`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from detector.catalogue.built import Built
from detector.catalogue.load import Where
from detector.catalogue.names import Names
from detector.catalogue.operators import (
    attainment,
    change,
    conjunction,
    obligation,
    once,
    silence,
    snowball,
    threshold,
    trend,
)
from detector.catalogue.rows import Row


class Kind(NamedTuple):
    """One operator: the words of its rows, and what makes the operator of one."""

    model: type[Row]
    build: Callable[[Names, Any, Where], Built]


KINDS: Final[Mapping[str, Kind]] = {
    "threshold": Kind(threshold.ThresholdRow, threshold.build),
    "change": Kind(change.ChangeRow, change.build),
    "silence": Kind(silence.SilenceRow, silence.build),
    "obligation": Kind(obligation.ObligationRow, obligation.build),
    "attainment": Kind(attainment.AttainmentRow, attainment.build),
    "trend": Kind(trend.TrendRow, trend.build),
    "snowball": Kind(snowball.SnowballRow, snowball.build),
    "conjunction": Kind(conjunction.ConjunctionRow, conjunction.build),
}
ONCE: Final = Kind(once.OnceRow, once.build)
OPERATORS: Final = tuple(KINDS)


def kind_of(row: Mapping[str, Any]) -> Kind:
    """The kind of a row that names one of the operators."""
    return ONCE if row["operator"] == "threshold" and "once" in row else KINDS[row["operator"]]
