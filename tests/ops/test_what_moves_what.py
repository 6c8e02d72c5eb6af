"""Each metric of the contract moves by what it is said to tell: the worker does it, nobody sets a number."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError
from faust.types import TP

from detector.domain.alerts import fingerprint_of
from detector.domain.duplicates import MOST
from detector.domain.record import Record
from detector.errors import DetectorError
from detector.streaming.app import Worker
from detector.streaming.broker import first_contact
from detector.streaming.limit import IN_A_ROW
from detector.streaming.metrics import contract
from detector.streaming.options import Broker
from detector.version import versions
from schemas.topics import CRM, SUPPORT, USAGE
from tests.ops.bottle import T0, Bottle, named
from tests.streaming.fakes import batch

DAY = 86_400_000
MINUTE = 60_000
Cause = Callable[[Bottle], Awaitable[object]]

USE = {"event_type": "usage.recorded", "stakeholder_id": "s1"}
TOUCH = {"event_type": "touch.logged", "direction": "inbound", "kind": "call"}
DOWNGRADE = {"event_type": "downgrade.requested"}


def said(disposition: str) -> dict[str, Any]:
    alert = fingerprint_of("default", named(), "downgrade.requested", None, None)
    return {"event_type": "alert.feedback", "alert_id": alert, "disposition": disposition}


async def use(bottle: Bottle) -> None:
    await bottle.send(USAGE, USE, USE)
    await bottle.settle()


async def use_twice(bottle: Bottle) -> None:
    await bottle.send(USAGE, USE | {"event_id": "again"}, USE | {"event_id": "again"})
    await bottle.settle()


async def use_of_yesterday(bottle: Bottle) -> None:
    await bottle.send(USAGE, USE | {"occurred_at": T0 - 2 * DAY})
    await bottle.settle()


async def nonsense(bottle: Bottle) -> None:
    await bottle.send(CRM, b"{")
    await bottle.settle()


async def nothing_but_nonsense(bottle: Bottle) -> None:
    of_two = [{"event_type": "touch.logged", "source": f"source-{number % 2}"} for number in range(IN_A_ROW)]
    await bottle.send(CRM, *of_two)  # without a direction


async def alert(bottle: Bottle) -> None:
    await bottle.send(CRM, DOWNGRADE)
    bottle.now_ms += 3_000  # so long it was under way
    await bottle.settle()


async def alert_and_its_end(bottle: Bottle) -> None:
    await bottle.send(CRM, DOWNGRADE)
    await bottle.send(CRM, said("noise"), at=2 * DAY)
    await bottle.settle()


async def alert_that_nobody_wants(bottle: Bottle) -> None:
    await alert_and_its_end(bottle)
    await bottle.send(CRM, DOWNGRADE, at=3 * DAY)
    await bottle.settle()


async def answer_to_nothing(bottle: Bottle) -> None:
    await bottle.send(CRM, said("useful"))
    await bottle.settle()


async def older_record_of_the_same_account(bottle: Bottle) -> None:
    await bottle.send(CRM, TOUCH, at=2 * MINUTE)
    await bottle.send(USAGE, USE, at=MINUTE)  # of another topic, which had come to its end by then
    await bottle.settle()


async def more_events_than_ids_are_kept(bottle: Bottle) -> None:
    await bottle.send(CRM, *[TOUCH] * (MOST + 1))
    await bottle.settle()


async def more_people_than_are_kept(bottle: Bottle) -> None:
    people = [{"event_type": "stakeholder.updated", "stakeholder_id": f"s{at}", "role": "sponsor"} for at in range(513)]
    await bottle.send(CRM, *people)
    await bottle.settle()


async def hole_in_the_log(bottle: Bottle) -> None:
    bottle.offsets[USAGE] += 7
    await use(bottle)


async def records_that_wait(bottle: Bottle) -> None:
    bottle.reading.read(SUPPORT, 0, 9)
    bottle.engine.live[0].fetched_ms[SUPPORT] = T0
    bottle.engine.observe()


async def silence(bottle: Bottle) -> None:
    bottle.engine.observe()


async def unanswered(bottle: Bottle) -> None:
    async def send_batch(*_: Any, **__: Any) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().create_future()

    bottle.producers[-1].send_batch = send_batch  # type: ignore[method-assign]
    await bottle.send(USAGE, USE)
    checkpoint = asyncio.create_task(bottle.engine.checkpoint())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    bottle.engine.observe()
    checkpoint.cancel()


async def rebalance(bottle: Bottle) -> None:
    await bottle.send(USAGE, USE)
    await bottle.engine.give_up(session_lost=False)
    await bottle.begin(0, 1)


async def recovery(bottle: Bottle) -> None:
    """It goes on: five records are still to come."""
    await bottle.engine.give_up(session_lost=True)
    names = (*bottle.options.topics, bottle.options.changelog)
    await bottle.engine.take_over({TP(name, 0) for name in names}, 2)
    record = Record(0, 0, b"a/default/a", b"")
    bottle.engine.recover(batch(bottle.options.changelog, [record], 1, epoch=bottle.engine.epoch), 5)


async def garbage_in_the_changelog(bottle: Bottle) -> None:
    await bottle.engine.give_up(session_lost=True)
    names = (*bottle.options.topics, bottle.options.changelog)
    await bottle.engine.take_over({TP(name, 0) for name in names}, 2)
    record = Record(0, 0, b"h/default/a", b"garbage")
    bottle.engine.recover(batch(bottle.options.changelog, [record], 1, epoch=bottle.engine.epoch), 0)
    await bottle.engine.restore({0})
    bottle.engine.resume({})
    await bottle.settle()


async def outage(bottle: Bottle) -> None:
    bottle.reading.connected = False
    bottle.engine.observe()


async def refusal(bottle: Bottle) -> None:
    bottle.ending.abandon("joining the group", GroupAuthorizationFailedError("app"))


async def refusal_at_the_first_contact(bottle: Bottle) -> None:
    def look() -> int:
        raise DetectorError("no such right", 77)

    class Client:
        async def bootstrap(self) -> None: ...
        async def close(self) -> None: ...

    with pytest.raises(DetectorError):
        await first_contact(Broker("127.0.0.1:9"), look, bottle.told, connect=Client)


async def a_loop_that_is_held_up(bottle: Bottle) -> None:
    worker = Worker(
        bottle.options, None, None, None, bottle.told, crash_point=print, exit_process=print,  # type: ignore[arg-type]
    )  # fmt: skip
    heart = asyncio.create_task(worker._heart())
    await asyncio.sleep(0)
    while bottle.values()["detector_event_loop_lag_seconds{}"] == 0:
        time.sleep(1.1)  # noqa: ASYNC251 - it must not give way
        await asyncio.sleep(0)
    heart.cancel()


async def start(bottle: Bottle) -> None:
    await bottle.begin()


async def description(bottle: Bottle) -> None:
    bottle.meter.describe(versions(), "0123456789ab", 1_800_000_000.0)


async def work_of_any_kind(bottle: Bottle) -> None:
    before = time.process_time()
    while time.process_time() < before + 0.02:
        gc.collect()


MOVES: dict[str, Cause] = {
    "detector_build_info": description,
    "detector_config_hash_info": description,
    "detector_events_consumed_total": use,
    "detector_records_lost_total": hole_in_the_log,
    "detector_events_applied_total": use,
    "detector_events_skipped_total": use_twice,
    "detector_late_events_total": use_of_yesterday,
    "detector_account_inversions_total": older_record_of_the_same_account,
    "detector_dedupe_age_seconds": more_events_than_ids_are_kept,
    "detector_state_evictions_total": more_people_than_are_kept,
    "detector_dlq_total": nonsense,
    "detector_dlq_limit_tripped": nothing_but_nonsense,
    "detector_state_records_quarantined_total": garbage_in_the_changelog,
    "detector_alerts_total": alert,
    "detector_rule_alerts_total": alert,
    "detector_alerts_suppressed_total": alert_that_nobody_wants,
    "detector_feedback_unknown_total": answer_to_nothing,
    "detector_health_snapshots_total": use,
    "detector_end_to_end_latency_seconds": alert,
    "detector_event_processing_seconds": use,
    "detector_alert_open_seconds": alert_and_its_end,
    "detector_consumer_lag_records": records_that_wait,
    "detector_consumer_lag_seconds": records_that_wait,
    "detector_clock_timestamp_seconds": use,
    "detector_clock_delay_seconds": use,
    "detector_source_idle": silence,
    "detector_last_checkpoint_timestamp_seconds": use,
    "detector_checkpoint_seconds": use,
    "detector_producer_buffer_messages": unanswered,
    "detector_accounts": use,
    "detector_state_accounts": use,
    "detector_state_records": use,
    "detector_state_bytes": use,
    "detector_state_record_bytes": use,
    "detector_rebalances_total": rebalance,
    "detector_rebalance_duration_seconds": rebalance,
    "detector_assigned_partitions": rebalance,
    "detector_group_generation": start,
    "detector_recovery_remaining_records": recovery,
    "detector_recovery_duration_seconds": rebalance,
    "detector_recovery_in_progress": recovery,
    "detector_event_loop_lag_seconds": a_loop_that_is_held_up,
    "detector_broker_connected": outage,
    "detector_ready": start,
    "detector_tls_ca_expiry_timestamp_seconds": description,
    "detector_auth_failures_total": refusal,
    "process_cpu_seconds_total": work_of_any_kind,
    "python_gc_collections_total": work_of_any_kind,
}

NOT_HERE = {
    "process_virtual_memory_bytes": "of the system",
    "process_resident_memory_bytes": "of the system",
    "process_start_time_seconds": "of the system",
    "process_open_fds": "of the system",
    "process_max_fds": "of the system",
    "python_gc_objects_collected_total": "of the interpreter",
    "python_gc_objects_uncollectable_total": "of the interpreter",
}
"""What no test here moves, and why not."""


def test_every_metric_has_something_that_moves_it() -> None:
    assert {one.name for one in contract()} == MOVES.keys() | NOT_HERE.keys()


@pytest.mark.parametrize(("name", "cause"), MOVES.items(), ids=MOVES)
def test_it_moves_by_what_it_tells(name: str, cause: Cause) -> None:
    async def scene() -> tuple[dict[str, float], dict[str, float]]:
        bottle = Bottle(source_idle_seconds=0.0)
        if cause is not start:
            await bottle.begin()
        if name != "detector_source_idle":
            bottle.engine.options = replace(bottle.options, source_idle_seconds=600.0)
        before = bottle.values()
        await cause(bottle)
        return before, bottle.values()

    before, after = asyncio.run(scene())
    moved = {series.partition("{")[0] for series, value in after.items() if before.get(series) != value}
    assert moved & {name, f"{name}_count"}


def test_a_refusal_at_the_first_contact_counts_too() -> None:
    bottle = Bottle()
    asyncio.run(refusal_at_the_first_contact(bottle))
    assert bottle.values()["detector_auth_failures_total{}"] == 1
