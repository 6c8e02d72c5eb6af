"""Takes fetched records out of aiokafka batch by batch, without an object of its client's own for each record."""

# ruff: noqa: SLF001 - it reaches into aiokafka, whose version guard.py pins

from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import CorruptRecordException


def drain(result: Any, limit: int) -> tuple[list[Any], int] | None:
    """Empty an aiokafka FetchResult: its records, and the offset where reading goes on.

    Whole record batches are taken until there are `limit` records. Aborted transactions and control batches move the
    offset and give no records. None when the result is stale: its assignment has gone, or somebody has seeked. Paused
    partitions are drained all the same, so that they never keep a node's other partitions waiting.
    """
    part = let_go(result)
    assignment = result._assignment
    tp = result._topic_partition
    state = assignment.state_value(tp) if assignment.active else None
    if part is None or state is None or not state.has_valid_position or state.position != part.next_fetch_offset:
        result._partition_records = None
        return None
    records: list[Any] = []
    memory = part._records
    while len(records) < limit and memory.has_next():
        batch = memory.next_batch()
        if part._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {tp}")
        if not _skipped(part, batch):
            taken = list(batch)
            if taken and taken[0].offset < part.next_fetch_offset:
                taken = [record for record in taken if record.offset >= part.next_fetch_offset]
            if records:
                records += taken
            else:
                records = taken
        part.next_fetch_offset = max(part.next_fetch_offset, batch.next_offset)
    state.consumed_to(part.next_fetch_offset)
    if not memory.has_next():
        result._partition_records = None
    return records, part.next_fetch_offset


def let_go(result: Any) -> Any:
    """Give what an aiokafka FetchResult holds, of which nothing is read by aiokafka's own iterator any more.

    That iterator and what it reads from hold each other: the bytes of the fetch would stay until garbage is collected,
    which comes after so many small objects, however large these are.
    """
    part = result._partition_records
    if part is not None:
        part._records_iterator = None
    return part


def _skipped(part: Any, batch: Any) -> bool:
    """Say whether a batch is of an aborted transaction or a control batch, and keep the book of aborted producers."""
    if part._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        part._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and part._contains_abort_marker(batch):
            part._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in part._aborted_producers:
            return True
    return bool(batch.is_control_batch)
