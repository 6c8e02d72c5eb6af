"""The detector's own core for a replay: its partitions, its codec."""

from functools import partial

from detector import codec
from detector.backtest.replay import Core, Seat
from detector.domain.events import Event
from detector.domain.partition import Partition
from detector.domain.plan import Plan
from detector.domain.record import RawRecord, Reject


def core_of(plan: Plan) -> Core:
    """Give the core with these rules."""
    return Core(partial(_build, plan), codec.encode_alert, codec.encode_health)


def _build(plan: Plan, seat: Seat) -> Partition:
    def decode(record: RawRecord, topic: str) -> Event | Reject:
        return codec.decode(record, topic=topic, partition=seat.number, partitions=seat.partitions)

    return Partition(
        seat.number,
        plan=plan,
        topics=seat.topics,
        decode=decode,
        store=seat.store,
        record_time="create",
        bare=not seat.positions_known,
    )
