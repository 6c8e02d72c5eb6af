"""Sizing grows with what there is to do, and one worker may always fail."""

from deploy import sizing
from deploy.checks import kubernetes


def test_there_is_always_a_worker_to_spare() -> None:
    assert sizing.size(1, 1).workers == 2
    busy = sizing.size(100_000, 50_000)
    assert (busy.workers - 1) * sizing.EVENTS_PER_SECOND * sizing.BUSY >= 50_000


def test_memory_holds_the_accounts_of_one_worker_when_one_has_failed() -> None:
    needed = sizing.size(1_000_000, 20_000)
    share = 1_000_000 / (needed.workers - 1)
    assert needed.memory > sizing.BYTES_AT_REST + share * (sizing.BYTES_PER_ACCOUNT + sizing.BYTES_BESIDE)
    assert sizing.size(2_000_000, 20_000).memory > needed.memory


def test_the_base_has_the_memory_of_an_ordinary_load() -> None:
    """What the StatefulSet asks for carries 50,000 accounts and 1,000 events a second."""
    (workers,) = [one for one in kubernetes.read(kubernetes.KUBERNETES / "base") if one["kind"] == "StatefulSet"]
    (container,) = workers["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"] == "2Gi"
    assert sizing.size(50_000, 1_000).memory <= 2 << 30
