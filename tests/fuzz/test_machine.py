"""The machine of `make fuzz`, in small: whatever is done to a worker's core, one undisturbed pass says the same."""

from hypothesis import HealthCheck, settings

from tests.fuzz.machine import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
