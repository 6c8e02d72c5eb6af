"""A message of many records goes through Faust untouched and is never acknowledged."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from detector.streaming.batches import BatchSchema
from tests.streaming.fakes import batch


def test_acknowledging_a_batch_does_nothing() -> None:
    """Faust would commit the batch's last offset, apart from the state that came of it."""
    message = batch("usage", [object()], 5)
    message.incref(1)
    assert not message.ack(cast("Any", None))
    assert not message.on_final_ack(cast("Any", None))
    assert (message.offset, message.next_offset) == (4, 5)


def test_a_batch_is_handed_on_as_it_is() -> None:
    records = [object(), object()]
    message = batch("usage", records, 5)
    app = SimpleNamespace(create_event=lambda key, value, headers, message: (key, value, headers, message))
    decode = BatchSchema().compile(cast("Any", app))
    assert asyncio.run(cast("Any", decode(message))) == (None, records, {}, message)
