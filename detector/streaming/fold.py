"""What the streaming engine asks of the pure core: one fold per partition number, and the changes it hands over.

The domain's `Partition` fits `Fold` as it is; tests pass a counting one. The engine knows nothing else of the domain.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from detector.domain.record import RawRecord

Outgoing = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""A record to publish: key, value, headers; a dead letter has the key and value that it came with, or none."""


class Changes(Protocol):
    """Everything that came of one partition since the last checkpoint; it becomes durable as a whole or not at all."""

    @property
    def states(self) -> Sequence[tuple[bytes, bytes | None]]:
        """Changelog records, partition record included; None deletes the key."""

    @property
    def positions(self) -> dict[str, int]:
        """Topic -> next offset to apply, the source offsets to commit."""

    @property
    def alerts(self) -> Sequence[Any]:
        """Transitions to publish, in order."""

    @property
    def health(self) -> Sequence[Any]:
        """Health snapshots to publish."""

    @property
    def dead_letters(self) -> Sequence[Any]:
        """Records that could not be used."""

    @property
    def tally(self) -> Any:
        """Plain counters for the observer; the engine only passes them on."""


class Fold(Protocol):
    """The state of one partition number over all in-topics: pure, synchronous, used by one thread."""

    @property
    def begun(self) -> bool:
        """Whether the committed state says where the partition stands, as every checkpoint does."""

    @property
    def positions(self) -> dict[str, int]:
        """Topic -> next offset to apply; a topic without one is missing, and begins at its beginning."""

    @property
    def clock(self) -> int:
        """Epoch ms of record time; never moves back."""

    @property
    def accounts(self) -> Mapping[str, int]:
        """How many accounts there are, by grade."""

    @property
    def urgent(self) -> bool:
        """Something was decided that others wait for: checkpoint at the end of this batch."""

    @property
    def full(self) -> bool:
        """So much waits for a checkpoint that nothing more should be applied before the next `committed`."""

    def restore(self) -> None:
        """Rebuild what is derived from the store: clock, positions, deadlines."""

    def offer(self, topic: str, records: Sequence[RawRecord]) -> None:
        """Take fetched records in offset order; those below `positions[topic]` are skipped."""

    def queued(self, topic: str) -> int:
        """Count the records offered and not yet applied."""

    def advance(self, ended: Collection[str], limit: int = 0) -> int:
        """Merge and apply what can be, at most `limit` if above 0; `ended` topics hold nobody back. Returns applied."""

    def tick(self, broker_time_ms: int) -> None:
        """Let broker time pass where every topic has ended and nothing arrives."""

    def collect(self, *, force: bool = False) -> Changes | None:
        """Cut a snapshot of everything since the last; None when nothing changed, never None with `force`."""

    def committed(self) -> None:
        """Hear that the last collected changes are durable."""


FoldFactory = Callable[[int, dict[bytes, bytes], int], Fold]
"""Makes the fold of a partition number over its committed state (key -> value, kept current by the engine).

The last argument is the number of partitions that there are.
"""


@dataclass(frozen=True)
class Encoders:
    """How the core's values become records; the engine never looks inside them."""

    alert: Callable[[Any], Outgoing]
    health: Callable[[Any], Outgoing]
    dead_letter: Callable[[Any], Outgoing]
