"""The changelog as Faust sees it: a table whose partitions are dicts of bytes, filled batch by batch in recovery."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP, EventT

if TYPE_CHECKING:
    from detector.streaming.batches import BatchMessage
    from detector.streaming.engine import Engine

_NOTHING: Final = -1


class BatchTable(faust.Table[bytes, bytes]):
    """A Faust table for its changelog alone: assignment and recovery. Reading and writing it is the engine's work."""

    engine: "Engine"

    def persisted_offset(self, tp: TP) -> int | None:
        """The changelog offset up to which the store is known, so that kept partitions read only the tail.

        It is sound because the store holds committed state only, and is dropped whenever the session was lost. Where
        nothing is known it says so: None would let Faust go on from the offset that it remembers of an earlier store.
        """
        store = self.engine.stores.get(tp.partition)
        return _NOTHING if store is None or store.upto is None else store.upto

    async def on_changelog_event(self, event: EventT[Any]) -> None:
        """Apply a batch of the changelog."""
        message = cast("BatchMessage", event.message)
        remaining = self.app.tables.recovery.active_remaining()  # type: ignore[attr-defined]
        self.engine.recover(message, max(0, remaining.get(message.tp, 0)))

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Do nothing: `on_changelog_event` has applied them."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Make the folds anew from what was recovered."""
        await self.engine.restore({tp.partition for tp in active_tps}, {tp.partition for tp in standby_tps})


class BatchTableManager(TableManager):
    """Faust's table manager without the second that it sleeps at the start."""

    async def on_start(self) -> None:
        """Subscribe to the changelog and be ready to recover."""
        await self._update_channels()
        await self.recovery.start()
