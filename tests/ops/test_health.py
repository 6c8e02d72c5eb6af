"""The probes: a hang or a standstill asks for a restart, an outage or a recovery does not."""

import pytest

from detector.streaming.audience import Audience
from detector.streaming.health import Health
from detector.streaming.observer import Silence


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


def pass_time(health: Health, clock: Clock, seconds: int) -> None:
    """The loop ticks once a second."""
    for _ in range(seconds):
        clock.now += 1
        health.loop_ticked(0.0)


def working(health: Health) -> Health:
    health.broker(connected=True)
    health.rebalance_ended(1.0, frozenset({0, 1}), 3)
    health.readiness(ready=True, reason="working")
    return health


def test_a_new_worker_is_alive_and_not_ready(health: Health) -> None:
    assert health.live().ok
    assert not health.ready().ok
    assert health.ready().reason == "starting"


def test_ten_minutes_without_a_broker_do_not_ask_for_a_restart(health: Health, clock: Clock) -> None:
    working(health)
    health.lag("t", 0, 50, 1.0)
    health.broker(connected=False)
    health.readiness(ready=False, reason="waiting_for_broker")
    pass_time(health, clock, 600)
    assert health.live().ok
    assert not health.ready().ok
    assert health.ready().reason == "waiting_for_broker"


def test_a_loop_that_hangs_is_neither_alive_nor_ready_after_ten_seconds(health: Health, clock: Clock) -> None:
    working(health)
    clock.now += 9.9
    assert health.live().ok
    assert health.ready().ok
    clock.now += 0.1
    assert not health.live().ok
    assert health.ready().reason == "event_loop_hangs"


def test_a_loop_that_is_late_says_by_how_much(health: Health, clock: Clock) -> None:
    """It ticks once a second."""
    clock.now += 1.9
    assert health.hanging() == 0
    clock.now += 39.1
    assert health.hanging() == pytest.approx(40)
    health.loop_ticked(40.0)
    assert health.hanging() == 0


def test_lag_without_progress_for_120_seconds_is_a_standstill(health: Health, clock: Clock) -> None:
    working(health).lag("t", 1, 5, 1.0)
    pass_time(health, clock, 119)
    assert health.live().ok
    pass_time(health, clock, 1)
    assert health.live().reason == "no_progress"
    health.applied(1, 5, 0.1)
    assert health.live().ok


def test_records_that_wait_for_one_of_a_quiet_topic_are_no_standstill(health: Health, clock: Clock) -> None:
    """Imported topics carry the producer's time: without a next record nobody knows that none comes before."""
    working(health).lag("t", 1, 5, 1.0)
    health.waiting(1, frozenset({"quiet"}))
    pass_time(health, clock, 10_000)
    assert health.live().reason == "waiting_for_topic"
    assert health.ready().ok
    health.waiting(1, frozenset())  # something came; now there is work, and patience with it
    assert health.live().reason == "working"
    pass_time(health, clock, 120)
    assert health.live().reason == "no_progress"


def test_at_the_limit_of_dead_letters_a_worker_is_alive_and_not_ready(health: Health, clock: Clock) -> None:
    """A restart by itself would write as many again: a person must look first."""
    working(health).lag("t", 1, 5, 1.0)
    health.dead_letter_limit("t", tripped=True)
    health.readiness(ready=False, reason="dead_letter_limit")
    pass_time(health, clock, 10_000)
    assert health.live().ok
    assert health.live().reason == health.ready().reason == "dead_letter_limit"
    assert not health.ready().ok


def test_a_partition_that_waits_excuses_no_other(health: Health, clock: Clock) -> None:
    working(health).lag("t", 1, 5, 1.0)
    health.lag("t", 0, 5, 1.0)
    health.waiting(1, frozenset({"quiet"}))
    pass_time(health, clock, 120)
    assert health.live().reason == "no_progress"


@pytest.mark.parametrize("reason", ["joining", "rebalancing"])
def test_a_worker_that_comes_to_no_partitions_is_given_up_after_five_minutes(
    reason: str, health: Health, clock: Clock
) -> None:
    """Without partitions there is no lag: it would wait for ever with nothing to do."""
    health.broker(connected=True)
    health.readiness(ready=False, reason=reason)
    pass_time(health, clock, 200)
    health.readiness(ready=False, reason=reason)  # another attempt is no success
    pass_time(health, clock, 99)
    assert health.live().ok
    pass_time(health, clock, 1)
    assert (health.live().reason, health.ready().reason) == ("joins_no_group", reason)
    health.readiness(ready=False, reason="recovering")
    assert health.live().ok
    health.readiness(ready=False, reason=reason)
    assert health.live().ok


def test_joining_waits_for_a_broker_as_long_as_it_takes(health: Health, clock: Clock) -> None:
    health.broker(connected=True)
    health.readiness(ready=False, reason="joining")
    pass_time(health, clock, 200)
    health.broker(connected=False)
    pass_time(health, clock, 10_000)
    assert health.live().reason == "waiting_for_broker"
    health.broker(connected=True)
    pass_time(health, clock, 299)
    assert health.live().ok


def test_a_member_to_whom_no_partition_falls_stays_alive(health: Health, clock: Clock) -> None:
    health.broker(connected=True)
    health.readiness(ready=False, reason="joining")
    health.rebalance_ended(1.0, frozenset(), 3)
    health.readiness(ready=True, reason="ready")
    pass_time(health, clock, 10_000)
    assert health.live().reason == "nothing_to_do"


def test_a_partition_that_is_stuck_beside_one_that_works_is_a_standstill(health: Health, clock: Clock) -> None:
    working(health)
    for number in (0, 1):
        health.lag("t", number, 5, 1.0)
        health.held(number, 5)
    for _ in range(119):
        pass_time(health, clock, 1)
        health.applied(0, 1, 0.1)
        health.held(1, 5)
    assert health.live().ok
    pass_time(health, clock, 1)
    health.applied(0, 1, 0.1)
    assert health.live().reason == "no_progress"
    health.applied(1, 1, 0.1)
    assert health.live().ok


def test_a_partition_of_which_nothing_is_in_memory_is_its_brokers_matter(health: Health, clock: Clock) -> None:
    """It may have no leader: a restart would stop the others and bring nothing."""
    working(health)
    health.lag("t", 0, 5, 1.0)
    health.lag("t", 1, 5, 1.0)
    health.held(1, 5)
    health.held(1, 0)
    for _ in range(1_000):
        pass_time(health, clock, 1)
        health.applied(0, 1, 0.1)
    assert health.live().ok


def test_a_partition_that_waits_is_not_stuck_beside_one_that_works(health: Health, clock: Clock) -> None:
    working(health)
    health.held(1, 5)
    health.waiting(1, frozenset({"quiet"}))
    health.held(1, 5)
    pass_time(health, clock, 1_000)
    assert health.live().ok
    health.held(1, 5)
    health.waiting(1, frozenset())
    health.held(1, 5)
    assert health.live().ok


def test_without_lag_there_is_no_standstill_however_long(health: Health, clock: Clock) -> None:
    working(health).lag("t", 1, 0, 0.0)
    pass_time(health, clock, 10_000)
    assert health.live().ok
    health.lag("t", 1, 9, 0.0)  # and the first event after a long silence does not look like one
    assert health.live().ok


def test_a_long_recovery_that_goes_on_is_no_standstill(health: Health, clock: Clock) -> None:
    working(health).lag("t", 1, 5, 1.0)
    health.readiness(ready=False, reason="recovering")
    for remaining in range(10, 0, -1):
        pass_time(health, clock, 60)
        health.recovery_progress(1, remaining)
    assert health.live().ok
    assert not health.ready().ok


def test_the_lag_of_partitions_that_left_is_forgotten(health: Health, clock: Clock) -> None:
    working(health).lag("t", 1, 5, 1.0)
    health.rebalance_ended(1.0, frozenset({0}), 4)
    pass_time(health, clock, 500)
    assert health.live().reason == "nothing_to_do"


def test_a_dead_letter_limit_is_for_a_person_and_no_reason_to_start_again(health: Health, clock: Clock) -> None:
    """P10: the worker keeps its partitions and stops fetching; alive and not ready until somebody restarts it."""
    working(health).lag("t", 1, 5, 1.0)
    health.dead_letter_limit("t", tripped=True)
    pass_time(health, clock, 10_000)
    assert (health.live().ok, health.live().reason) == (True, "dead_letter_limit")
    assert (health.ready().ok, health.ready().reason) == (False, "dead_letter_limit")
    health.dead_letter_limit("t", tripped=False)
    assert health.live().reason == "no_progress"


def test_stopping_is_told_at_once(health: Health) -> None:
    working(health).readiness(ready=False, reason="stopping")
    assert health.ready().reason == "stopping"
    assert health.live().ok


def test_whoever_stops_is_not_ready_again_whatever_is_still_under_way(health: Health) -> None:
    """A rebalance may end between SIGTERM and the last checkpoint."""
    working(health).readiness(ready=False, reason="stopping")
    health.readiness(ready=True, reason="ready")
    assert (health.ready().ok, health.ready().reason) == (False, "stopping")


def test_every_observer_of_an_audience_hears_every_call() -> None:
    heard: list[str] = []

    class Ear(Silence):
        def applied(self, partition: int, records: int, seconds: float) -> None:
            heard.append(f"{partition} {records} {seconds}")

    audience = Audience(Ear(), Silence(), Ear())
    audience.applied(1, 2, seconds=0.5)
    audience.loop_ticked(0.1)
    audience.broker(connected=True)
    assert heard == ["1 2 0.5", "1 2 0.5"]
