"""What the worker tells whoever measures it: plain calls, made on the worker's event loop, that must return at once."""

# ruff: noqa: D102 - the protocol describes each method

from collections.abc import Mapping
from typing import Protocol

from detector.streaming.fold import Changes


class Observer(Protocol):
    """Hears what the worker does. Seconds are durations of the monotonic clock; times are epoch milliseconds."""

    def readiness(self, *, ready: bool, reason: str) -> None:
        """Ready, or not because: waiting_for_broker, joining, rebalancing, recovering, stopping, failed."""

    def loop_ticked(self, late_seconds: float) -> None:
        """The event loop is alive; called about once a second with how late this call was."""

    def broker(self, *, connected: bool) -> None:
        """The broker answered (or not) when the worker tried to reach it."""

    def rebalance_started(self) -> None:
        """Partitions were revoked; nothing is applied until the end."""

    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None:
        """Partitions are assigned, recovered and being read again, `seconds` after the start."""

    def recovery_started(self, remaining: dict[int, int]) -> None:
        """Recovery of changelogs begins; partition -> records to read (an upper bound)."""

    def recovery_progress(self, partition: int, remaining: int) -> None:
        """A batch of the changelog was read; `remaining` records are left (an upper bound)."""

    def recovery_ended(self, seconds: float) -> None:
        """Every assigned partition holds its committed state."""

    def fetched(self, topic: str, partition: int, records: int) -> None:
        """Records of an in-topic arrived."""

    def lost(self, topic: str, partition: int, offsets: int) -> None:
        """The log no longer holds these offsets of an in-topic, which were not read yet."""

    def applied(self, partition: int, records: int, seconds: float) -> None:
        """Records were folded into state (not yet durable), in `seconds` of work."""

    def worked(self, topic: str, seconds: float) -> None:
        """An event of this topic took so long to apply: the mean of a slice of work that held some of it."""

    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None:
        """Records not yet applied, and the age of the last one fetched (0 where nothing is left)."""

    def held(self, partition: int, records: int) -> None:
        """Records of all in-topics that are in memory and not yet applied; told before `waiting`."""

    def waiting(self, partition: int, topics: frozenset[str]) -> None:
        """Records wait for the next one of these topics, which have none yet; empty when nothing waits for such."""

    def clock(self, partition: int, clock_ms: int, broker_ms: int) -> None:
        """The partition's clock, and the broker's latest known time (0 = none known)."""

    def state(self, partition: int, records: int, size_bytes: int) -> None:
        """Committed state kept in memory: records and the bytes of their keys and values."""

    def standing(self, partition: int, grades: Mapping[str, int]) -> None:
        """Accounts in memory by grade; told before `state`."""

    def source(self, topic: str, *, idle: bool) -> None:
        """Whether nothing has come of an in-topic for a while, on any partition that is read here."""

    def producer_buffered(self, messages: int) -> None:
        """Records given to the producers of all partitions that the broker has not acknowledged yet."""

    def dead_letter_limit(self, topic: str, *, tripped: bool) -> None:
        """Whether too many records of an in-topic are unusable: nothing is fetched then."""

    def checkpointed(self, partition: int, changes: Changes, seconds: float) -> None:
        """A transaction was committed: these changes are durable. `seconds` from snapshot to commit."""

    def failed(self, reason: str) -> None:
        """The process ends at once, for this closed reason: checkpoint, fenced, authorization, stalled, internal."""


class Silence(Observer):
    """Hears nothing: each method does what the protocol says of it, without consequence."""

    def readiness(self, *, ready: bool, reason: str) -> None: ...
    def loop_ticked(self, late_seconds: float) -> None: ...
    def broker(self, *, connected: bool) -> None: ...
    def rebalance_started(self) -> None: ...
    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None: ...
    def recovery_started(self, remaining: dict[int, int]) -> None: ...
    def recovery_progress(self, partition: int, remaining: int) -> None: ...
    def recovery_ended(self, seconds: float) -> None: ...
    def fetched(self, topic: str, partition: int, records: int) -> None: ...
    def lost(self, topic: str, partition: int, offsets: int) -> None: ...
    def applied(self, partition: int, records: int, seconds: float) -> None: ...
    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None: ...
    def held(self, partition: int, records: int) -> None: ...
    def waiting(self, partition: int, topics: frozenset[str]) -> None: ...
    def clock(self, partition: int, clock_ms: int, broker_ms: int) -> None: ...
    def state(self, partition: int, records: int, size_bytes: int) -> None: ...
    def worked(self, topic: str, seconds: float) -> None: ...
    def standing(self, partition: int, grades: Mapping[str, int]) -> None: ...
    def source(self, topic: str, *, idle: bool) -> None: ...
    def producer_buffered(self, messages: int) -> None: ...
    def dead_letter_limit(self, topic: str, *, tripped: bool) -> None: ...
    def checkpointed(self, partition: int, changes: Changes, seconds: float) -> None: ...
    def failed(self, reason: str) -> None: ...
