"""A message that carries many records, so that Faust's cost is paid per batch and not per event."""

from collections.abc import Awaitable, Callable, Sequence
from time import time
from typing import Any

from faust.serializers.schemas import Schema
from faust.types import TP, AppT, EventT, Message
from faust.types.tuples import ConsumerMessage

from detector.domain.record import RawRecord


class BatchMessage(ConsumerMessage):
    """Records of one topic-partition in offset order, possibly none; `offset` is the last one that it covers.

    `start` is where reading began and `next_offset` where it goes on: markers and holes of compaction lie between the
    records and these.
    A message whose `epoch` is no longer the engine's was fetched before a rebalance and is dead.
    Acknowledging does nothing: offsets are committed in the checkpoint's transaction, never by Faust.
    """

    __slots__ = ("epoch", "next_offset", "records", "start")

    def __init__(
        self, tp: TP, records: Sequence[RawRecord], next_offset: int, *, start: int, epoch: int, generation: int
    ) -> None:
        super().__init__(
            tp.topic,
            tp.partition,
            next_offset - 1,
            time(),  # for Faust's monitor only
            0,
            None,
            None,
            None,
            None,
            0,
            0,
            tp,
            generation_id=generation,
        )
        self.records = records
        self.start = start
        self.next_offset = next_offset
        self.epoch = epoch

    def on_final_ack(self, consumer: Any) -> bool:  # noqa: ARG002
        """Do nothing; Faust would tell its consumer that the last offset may be committed."""
        return False


class BatchSchema(Schema[Any, Any]):
    """Hands a batch on as it is: neither keys nor values are decoded by Faust."""

    def compile(
        self,
        app: AppT,
        *,
        on_key_decode_error: Any = None,  # noqa: ARG002
        on_value_decode_error: Any = None,  # noqa: ARG002
        default_propagate: bool = False,  # noqa: ARG002
    ) -> Callable[..., Awaitable[EventT[Any]]]:
        """Make the function that turns a message into Faust's event."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:  # noqa: ARG001
            return app.create_event(None, message.records, {}, message)  # type: ignore[attr-defined]

        return decode
