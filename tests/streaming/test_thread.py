"""The fetching thread: what is taken out of the client, what is paused, and what is dead."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.fetcher import FetchError
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import (
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition
from faust.types import TP

from detector.streaming.thread import BatchThread, Fetched
from tests.streaming.test_drain import record_batch, result

USAGE, CRM = TP("usage", 0), TP("crm", 0)
RAW = TopicPartition("usage", 0)


class FakeClient:
    """aiokafka's consumer, as far as the thread reaches into it."""

    def __init__(self) -> None:
        self._closed = False
        self._max_poll_records = 100
        self.error: Exception | None = None
        self.offsets: dict[TP, SimpleNamespace] = {}
        self.asked: list[list[TopicPartition]] = []
        self.assignment = Assignment([TopicPartition(*USAGE), TopicPartition(*CRM)])
        self._coordinator = SimpleNamespace(generation=1, check_errors=self._check, fetch_committed_offsets=self._fetch)
        self._fetcher = SimpleNamespace(
            _closed=False,
            _records={},
            _wait_consume_future=None,
            _notify=lambda _future: None,
            _create_fetch_waiter=self._waiter,
            end_offsets=self._ends,
            _subscriptions=SimpleNamespace(
                fetch_context=_Nothing,
                reassignment_in_progress=False,
                subscription=SimpleNamespace(assignment=self.assignment),
            ),
        )
        self.waiters: list[asyncio.Future[None]] = []

    def _waiter(self) -> "asyncio.Future[None]":
        self.waiters.append(asyncio.get_running_loop().create_future())
        return self.waiters[-1]

    async def _ends(self, tps: list[TopicPartition], _timeout_ms: float) -> dict[TopicPartition, int]:
        self.asked.append(tps)
        self._check()
        return dict.fromkeys(tps, 40 + len(self.asked))

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    async def _fetch(self, _tps: list[TP]) -> dict[TP, Any]:
        return self.offsets

    def seek(self, tp: TP, offset: int) -> None:
        """Move."""
        self.assignment.state_value(TopicPartition(*tp)).seek(offset)

    def arrive(self, *batches: bytes, position: int = 0) -> None:
        """A fetch of usage is answered."""
        fetched = result(*batches, position=position)
        fetched._assignment = self.assignment
        fetched._topic_partition = RAW
        self._fetcher._records[RAW] = fetched


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def scene(play: Callable[[BatchThread, FakeClient], Awaitable[object]]) -> None:
    """Play on a thread that is none: its calls run on the loop."""

    async def main() -> None:
        thread = BatchThread.__new__(BatchThread)
        client = FakeClient()
        thread._consumer = cast("Any", client)
        thread.consumer = cast("Any", SimpleNamespace(flow_active=True))
        thread.epoch = lambda: 1
        thread.told = {}
        await thread._place({USAGE: 0, CRM: 0})
        await play(thread, client)

    asyncio.run(main())


async def fetch(thread: BatchThread, *active: TP, held: tuple[TP, ...] = (), epoch: int = 1) -> dict[TP, Fetched]:
    """One poll that waits for nothing."""
    return await thread._fetch_batches(frozenset(active), frozenset(held), 0.0, epoch)


def values(fetched: dict[TP, Fetched]) -> dict[TP, tuple[list[bytes], int]]:
    """The records' values, and where reading goes on."""
    return {tp: ([record.value for record in found.records], found.next_offset) for tp, found in fetched.items()}


def test_what_has_arrived_is_handed_over_once() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.arrive(record_batch(0, [b"a", b"b"]))
        assert values(await fetch(thread, USAGE, CRM)) == {USAGE: ([b"a", b"b"], 2)}
        assert await fetch(thread, USAGE, CRM) == {}
        assert client._fetcher._records == {}

    scene(play)


def test_a_held_partition_is_paused_and_yet_emptied() -> None:
    """Left in the client, its records would keep the whole node waiting."""

    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.arrive(record_batch(0, [b"a"]))
        assert values(await fetch(thread, USAGE, CRM, held=(USAGE,))) == {USAGE: ([b"a"], 1)}
        assert client.assignment.state_value(RAW).paused
        await fetch(thread, USAGE, CRM)
        assert not client.assignment.state_value(RAW).paused

    scene(play)


def test_of_what_is_held_for_long_the_broker_is_asked_how_far_it_goes() -> None:
    """At the limit of dead letters nothing is fetched, and the lag stood still."""
    now = [1_000.0]

    async def play(thread: BatchThread, client: FakeClient) -> None:
        thread.clock = lambda: now[0]
        await fetch(thread, USAGE, CRM)
        for seconds, held, end in ((1, (USAGE,), None), (5, (USAGE,), 41), (1, (USAGE,), 41), (6, (USAGE,), 42)):
            now[0] += seconds
            await fetch(thread, USAGE, CRM, held=held)
            await asyncio.sleep(0)
            assert thread.standing(USAGE).stable_end == end
        assert client.asked == [[RAW], [RAW]]
        assert thread.standing(CRM).stable_end is None
        client.error = KafkaTimeoutError()
        now[0] += 6
        client._coordinator.check_errors = lambda: None
        await fetch(thread, USAGE, CRM, held=(USAGE,))
        await asyncio.sleep(0)
        assert len(client.asked) == 3
        assert thread.standing(USAGE).stable_end == 42
        client.error = None
        client.assignment.state_value(RAW).lso = 99
        now[0] += 6
        await fetch(thread, USAGE, CRM, held=(USAGE,))
        await asyncio.sleep(0)
        assert thread.standing(USAGE).stable_end == 99  # a fetch has said more
        await fetch(thread, USAGE, CRM)  # held no more
        now[0] += 1
        await fetch(thread, USAGE, CRM, held=(USAGE,))
        assert len(client.asked) == 4

    scene(play)


@pytest.mark.parametrize(("gone", "end"), [(False, 41), (True, None)])
def test_an_end_that_is_told_after_a_rebalance_counts_for_nobody(gone: bool, end: int | None) -> None:
    """Nor does that of a topic-partition that is another's by now."""

    async def play(thread: BatchThread, client: FakeClient) -> None:
        thread.clock = lambda: 1_000.0
        await fetch(thread, USAGE, CRM, held=(USAGE, TP("usage", 7)))
        if gone:
            client.assignment._unassign()
        assert thread._ends_asked is not None
        await thread._ends_asked
        assert thread.standing(USAGE).stable_end == end

    scene(play)


def test_a_partition_that_is_not_active_is_paused_and_what_came_of_it_is_fetched_again() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.arrive(record_batch(0, [b"a"]))
        (came,) = client._fetcher._records.values()
        part = came._partition_records
        assert await fetch(thread, CRM) == {}
        assert client._fetcher._records == {}
        assert part._records_iterator is None  # it would hold the bytes until garbage is collected
        assert client.assignment.state_value(RAW).paused
        assert thread.standing(USAGE).position == 0

    scene(play)


def test_a_position_that_moved_without_records_is_told() -> None:
    """Over markers and aborted records, or back where a topic was made anew."""

    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.seek(USAGE, 9)
        assert await fetch(thread, USAGE) == {USAGE: Fetched([], 9, 9)}
        assert await fetch(thread, USAGE) == {}
        client.seek(USAGE, 0)
        assert await fetch(thread, USAGE) == {USAGE: Fetched([], 0, 0)}

    scene(play)


def test_what_was_asked_for_before_a_rebalance_takes_nothing_out() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.arrive(record_batch(0, [b"a"]))
        assert await fetch(thread, USAGE, epoch=0) == {}
        assert thread.standing(USAGE).position == 0
        assert values(await fetch(thread, USAGE)) == {USAGE: ([b"a"], 1)}

    scene(play)


def test_a_poll_ends_when_records_arrive_and_leaves_no_waiter_behind() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        poll = asyncio.create_task(thread._fetch_batches(frozenset([USAGE]), frozenset(), 60.0, 1))
        await asyncio.sleep(0)
        client.arrive(record_batch(0, [b"a"]))
        client.waiters[0].set_result(None)
        assert values(await poll) == {USAGE: ([b"a"], 1)}
        await thread._fetch_batches(frozenset([USAGE]), frozenset(), 0.001, 1)
        assert all(waiter.done() for waiter in client.waiters)

    scene(play)


def test_while_the_group_is_joining_nothing_is_taken() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.arrive(record_batch(0, [b"a"]))
        client._fetcher._subscriptions.reassignment_in_progress = True
        assert await fetch(thread, USAGE) == {}
        assert RAW in client._fetcher._records

    scene(play)


def test_a_missing_right_is_raised_and_not_waited_for() -> None:
    """Without a right to the group Faust stays up and does nothing, without a word."""

    async def play(thread: BatchThread, client: FakeClient) -> None:
        client._fetcher._records[RAW] = FetchError(error=TopicAuthorizationFailedError("usage"), backoff=0)
        with pytest.raises(TopicAuthorizationFailedError):
            await fetch(thread, USAGE)
        client.error = GroupAuthorizationFailedError("app")
        with pytest.raises(GroupAuthorizationFailedError):
            await fetch(thread, USAGE)

    scene(play)


def test_a_closed_client_is_said_to_be_closed() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client._closed = True
        with pytest.raises(ConsumerStoppedError):
            await fetch(thread, USAGE)

    scene(play)


def test_an_offset_that_was_never_committed_is_none_and_zero_is_zero() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        client.offsets = {USAGE: SimpleNamespace(offset=0), CRM: SimpleNamespace(offset=-1)}
        assert await thread._committed(frozenset([USAGE, CRM])) == {USAGE: 0, CRM: None}

    scene(play)


def test_a_lost_session_shows_in_the_generation() -> None:
    async def play(thread: BatchThread, client: FakeClient) -> None:
        assert not thread.session_lost()
        client._coordinator.generation = -1
        assert thread.session_lost()

    scene(play)


class Connection:
    """An open or closed connection and when something was heard on it last."""

    def __init__(self, heard_seconds_ago: float, *, opened: bool = True) -> None:
        self._ago = heard_seconds_ago
        self._opened = opened

    @property
    def _last_action(self) -> float:
        return time.monotonic() - self._ago

    def connected(self) -> bool:
        return self._opened


@pytest.mark.parametrize(
    ("connections", "waits", "reached"),
    [
        ([Connection(1)], False, True),
        ([Connection(60), Connection(1)], False, True),  # one broker of several is enough
        ([Connection(60)], False, False),  # open, but silent: a broker that is stopped
        ([Connection(60)], True, True),  # others are still to join the group: nothing has to be answered
        ([Connection(1, opened=False)], True, False),
        ([], False, False),
    ],
)
def test_a_broker_is_reached_where_one_answered_lately(
    connections: list[Connection], waits: bool, reached: bool
) -> None:
    thread = cast("Any", object.__new__(BatchThread))
    thread._consumer = SimpleNamespace(_client=SimpleNamespace(_conns=dict(enumerate(connections))))
    assert thread.reached(10, waits=waits) is reached


def test_before_the_start_the_first_contact_counts() -> None:
    thread = cast("Any", object.__new__(BatchThread))
    thread._consumer = None
    assert thread.reached(10, waits=False)


def test_what_the_group_has_against_the_member_is_known_without_a_poll() -> None:
    thread = cast("Any", object.__new__(BatchThread))
    thread._consumer = None
    assert thread.refusal() is None
    refused = GroupAuthorizationFailedError("app")
    thread._consumer = SimpleNamespace(_coordinator=SimpleNamespace(_pending_exception=refused))
    assert thread.refusal() is refused
